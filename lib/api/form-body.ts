import type { HttpRequest } from '../gateway/transport.ts'
import { InvalidForm, invalidJson, Refusal } from './refusal.ts'

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * A request's body as a value: JSON, or a multipart form whose `payload_json` is JSON and whose other fields stand for
 * themselves. No body is an empty form.
 * @throws Refusal for what is neither, InvalidForm for a form with files, which are not kept here; body_too_large and
 * request_aborted as the request does
 */
export async function formBody(request: HttpRequest): Promise<unknown> {
  const bytes = await request.body()
  if (bytes.length === 0) return {}
  const type = request.headers['content-type']
  const [kind] = (type ?? 'application/json').split(';', 1)
  switch (kind?.trim().toLowerCase()) {
    case 'application/json':
      return parseJson(() => UTF8.decode(bytes))
    case 'multipart/form-data':
      return multipartForm(bytes, type!)
    default:
      throw new Refusal(
        400,
        50_035,
        "Expected \"Content-Type\" header to be one of {'application/json', 'multipart/form-data'}.",
      )
  }
}

async function multipartForm(bytes: Uint8Array, type: string): Promise<unknown> {
  const form = await readMultipart(bytes, type)
  const values: Record<string, string> = Object.create(null)
  for (const [name, value] of form) {
    if (typeof value !== 'string') throw new InvalidForm([{ path: [name], ...NO_FILES }])
    values[name] = value
  }
  const { payload_json: json } = values
  return json === undefined ? values : parseJson(() => json)
}

const NO_FILES = { code: 'FIELD_NOT_SUPPORTED', message: 'This server does not keep files.' }

/** Read with the parser of Node's fetch, which is its only one. */
async function readMultipart(bytes: Uint8Array, type: string): Promise<FormData> {
  try {
    return await new Response(Buffer.from(bytes), { headers: { 'Content-Type': type } }).formData()
  } catch {
    throw new Refusal(400, 50_035, 'The multipart form cannot be read.')
  }
}

function parseJson(text: () => string): unknown {
  try {
    return JSON.parse(text())
  } catch {
    throw invalidJson()
  }
}
