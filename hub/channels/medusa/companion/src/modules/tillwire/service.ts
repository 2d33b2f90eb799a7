import { MedusaService } from "@medusajs/framework/utils"
import Level from "./models/level"

/** The plugin's options in medusa-config.ts. Without an address there are no webhooks. */
export type TillwireOptions = { webhookUrl?: string; webhookSecret?: string }

class TillwireService extends MedusaService({ Level }) {
  readonly options: TillwireOptions

  constructor(dependencies: Record<string, unknown>, options?: TillwireOptions) {
    super(...arguments)
    this.options = {
      webhookUrl: options?.webhookUrl || process.env.TILLWIRE_WEBHOOK_URL,
      webhookSecret: options?.webhookSecret || process.env.TILLWIRE_WEBHOOK_SECRET,
    }
  }
}

export default TillwireService
