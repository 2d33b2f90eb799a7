import type { MedusaRequest, MedusaResponse } from "@medusajs/framework/http"

/** GET /admin/tillwire: that it is here, and which version of these routes it speaks. */
export const GET = async (_req: MedusaRequest, res: MedusaResponse) => {
  res.json({ companion: 1 })
}
