import type { SubscriberArgs, SubscriberConfig } from "@medusajs/framework"
import { ContainerRegistrationKeys } from "@medusajs/framework/utils"
import { createHmac, randomUUID } from "node:crypto"
import { TILLWIRE_MODULE } from "../modules/tillwire"
import type TillwireService from "../modules/tillwire/service"

const TRIES = 4
const TIMEOUT_MS = 5000
const FIRST_PAUSE_MS = 250

/**
 * Tells the hub that something changed, as a hint: ids only, and the hub asks for the rest. Medusa's own bus may lose an
 * event when the process ends, so the hub also asks by itself.
 *
 * The signature is over time, event id and body, with the secret that both know; each try has its own time and the
 * same id.
 */
export default async function tillwireWebhook({ event, container }: SubscriberArgs<Record<string, unknown>>) {
  const { webhookUrl, webhookSecret } = container.resolve<TillwireService>(TILLWIRE_MODULE).options
  if (!webhookUrl || !webhookSecret) return
  const body = JSON.stringify({ name: event.name, data: event.data })
  const id = randomUUID()
  let problem = ""
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt) await new Promise((done) => setTimeout(done, FIRST_PAUSE_MS * 2 ** (attempt - 1)))
    problem = await told(webhookUrl, webhookSecret, id, body)
    if (!problem) return
  }
  container.resolve(ContainerRegistrationKeys.LOGGER).warn(`tillwire: ${event.name} was not told: ${problem}`)
}

async function told(url: string, secret: string, id: string, body: string): Promise<string> {
  const time = String(Math.floor(Date.now() / 1000))
  const signature = createHmac("sha256", secret).update(`${time}.${id}.${body}`).digest("hex")
  try {
    const answer = await fetch(url, {
      method: "POST",
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        "content-type": "application/json",
        "x-tillwire-timestamp": time,
        "x-tillwire-event": id,
        "x-tillwire-signature": `sha256=${signature}`,
      },
    })
    return answer.ok ? "" : `the hub answered ${answer.status}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export const config: SubscriberConfig = {
  event: [
    "order.placed",
    "order.updated",
    "order.canceled",
    "order.fulfillment_created",
    "order.fulfillment_canceled",
    "order.return_received",
    "order-edit.confirmed",
    "product.updated",
    "product.deleted",
    "product-variant.created",
    "product-variant.updated",
    "product-variant.deleted",
    "customer.created",
    "customer.updated",
    "customer.deleted",
  ],
  context: { subscriberId: "tillwire-webhook" },
}
