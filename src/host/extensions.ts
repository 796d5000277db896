/** Parts of the agent that few operations need: they are sent along with those. */
import data from './agent/data.sh?raw'
import recover from './agent/recover.sh?raw'
import restore from './agent/restore.sh?raw'

export const RESTORE = `${data}${restore}`
export const RECOVER = `${data}${recover}`
