import { acceptInvite, createInvite, getInvite } from '../../actors/guild-client.ts'
import type { RateRule } from '../gateway/rate-limit.ts'
import { jsonReply } from '../gateway/reply.ts'
import { INVITE_CODE_CHARACTERS } from '../internal/limits.ts'
import { Refusal } from './refusal.ts'
import { bodyOf, type Routes } from './routes.ts'
import { flag, form, integer, optional, unsupported } from './schema.ts'

const DAY = 86_400

const NEW_INVITE = form({
  max_age: optional(integer({ min: 0, max: 7 * DAY })),
  max_uses: optional(integer({ min: 0, max: 100 })),
  temporary: optional(flag()),
  // Every invite has a code of its own here.
  unique: optional(flag()),
  target_type: unsupported(),
  target_user_id: unsupported(),
  target_application_id: unsupported(),
})

/** Reading is slow to allow, since a code that can be tried often can be guessed. */
const CODE_RULE: RateRule = { limit: 5, windowMs: 5000 }

export function inviteRoutes(routes: Routes): void {
  routes.add('POST', '/channels/:channel/invites', async ({ channel }, { caller, house, user, http }) => {
    const { max_age = DAY, max_uses = 0, temporary = false } = await bodyOf(http, NEW_INVITE)
    const invite = { maxAge: max_age, maxUses: max_uses, temporary }
    return jsonReply(200, await createInvite(caller, house, user.id, channel, invite))
  })

  routes.addOpen(
    'GET',
    '/invites/:code',
    async ({ code }, { caller, house }) => jsonReply(200, await getInvite(caller, house, checkedCode(code))),
    CODE_RULE,
  )

  // Discord's bots join by its web page; here they use the same way as its people.
  routes.add(
    'POST',
    '/invites/:code',
    async ({ code }, { caller, house, user }) => {
      return jsonReply(200, await acceptInvite(caller, house, user.id, checkedCode(code)))
    },
    CODE_RULE,
  )
}

const CODE = new RegExp(`^[\\w-]{1,${INVITE_CODE_CHARACTERS}}$`)

/** A code that cannot be one is as unknown as one that is not there. */
function checkedCode(code: string): string {
  if (!CODE.test(code)) throw new Refusal(404, 10_006, 'Unknown Invite')
  return code
}
