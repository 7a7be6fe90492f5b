/** No flag set, whatever the kind: the enums of discord-api-types have no name for it. */
export const NO_FLAGS: number = 0
