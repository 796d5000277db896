/** A file taken into the program as text: how the shell programs that run on nodes are kept as real `.sh` files. */
declare module '*?raw' {
  const text: string
  export default text
}
