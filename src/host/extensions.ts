/** Parts of the agent that few operations need: they are sent only with those. */
import consumers from './agent/consumers.sh?raw'
import data from './agent/data.sh?raw'
import remains from './agent/remains.sh?raw'
import recover from './agent/recover.sh?raw'
import restore from './agent/restore.sh?raw'

export const RESTORE = `${data}${consumers}${restore}`
export const RECOVER = `${data}${consumers}${recover}`
export const REMAINS: string = remains
