/** VitePress's own theme, with the style of what these pages have much of: tables, and blocks of output. */
import theme from 'vitepress/theme'
import './style.css'

export default theme
