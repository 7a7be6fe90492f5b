/** Where the daemon keeps what it stores: the same for every command. */
export const DATA_OPTION = {
  type: 'string',
  value: 'DIR',
  default: './data',
  help: 'The folder in which the daemon keeps its data',
} as const
