import type { MedusaRequest, MedusaResponse } from "@medusajs/framework/http"
import { ContainerRegistrationKeys, MedusaError } from "@medusajs/framework/utils"
import { LEVEL_COLUMNS, LEVEL_TABLES, readAll } from "../levels"

const ITEMS_MAX = 1000
const LIMIT_MAX = 5000

/** GET /admin/tillwire/levels?since=ISO&limit=1000: levels that changed since, the oldest change first. */
export const GET = async (req: MedusaRequest, res: MedusaResponse) => {
  const since = new Date(String(req.query.since ?? "1970-01-01"))
  if (Number.isNaN(since.getTime()))
    throw new MedusaError(MedusaError.Types.INVALID_DATA, "since is no time; write 2026-12-01T00:00:00Z")
  const limit = Math.min(Math.max(Number(req.query.limit) || 1000, 1), LIMIT_MAX)
  const knex = req.scope.resolve(ContainerRegistrationKeys.PG_CONNECTION)
  const found = await knex.raw(
    `select ${LEVEL_COLUMNS} from ${LEVEL_TABLES}
     where l.updated_at >= ? and l.deleted_at is null order by l.updated_at, l.id limit ?`,
    [since, limit]
  )
  res.json({ levels: found.rows, limit })
}

/**
 * POST /admin/tillwire/levels { inventory_item_ids }: all levels of these items, and what is kept of them, as of one
 * moment. A body, since addresses are short.
 */
export const POST = async (req: MedusaRequest<{ inventory_item_ids?: unknown }>, res: MedusaResponse) => {
  const items = req.body?.inventory_item_ids
  if (!Array.isArray(items) || items.length > ITEMS_MAX || items.some((item) => typeof item !== "string"))
    throw new MedusaError(MedusaError.Types.INVALID_DATA, `inventory_item_ids: at most ${ITEMS_MAX} ids`)
  res.json(await readAll(req.scope.resolve(ContainerRegistrationKeys.PG_CONNECTION), items))
}
