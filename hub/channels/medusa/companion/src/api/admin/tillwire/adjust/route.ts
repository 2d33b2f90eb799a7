import type { MedusaRequest, MedusaResponse } from "@medusajs/framework/http"
import type { Knex } from "@medusajs/framework/mikro-orm/knex"
import { ContainerRegistrationKeys, MedusaError, Modules, generateEntityId } from "@medusajs/framework/utils"
import { levelsOf, type LevelRow } from "../levels"

const ADJUSTMENTS_MAX = 1000

type Adjustment = { inventory_item_id: string; location_id: string; delta: number; revision: number }
type Adjusted = LevelRow & { applied: boolean }

/**
 * POST /admin/tillwire/adjust { adjustments: [{ inventory_item_id, location_id, delta, revision }] }
 *
 * Adds each delta to its level, all of them or none, under the locks that Medusa's own fulfilments and reservations take.
 * An adjustment is keyed by its level and the revision that the hub read: where the level is past it, an earlier try of
 * the same was made after all, and this one is not (`applied: false`). A level that is not there is made.
 */
export const POST = async (req: MedusaRequest<{ adjustments?: unknown }>, res: MedusaResponse) => {
  const adjustments = read(req.body?.adjustments)
  const items = [...new Set(adjustments.map((one) => one.inventory_item_id))].sort()
  const knex: Knex = req.scope.resolve(ContainerRegistrationKeys.PG_CONNECTION)
  const levels = await req.scope.resolve(Modules.LOCKING).execute(items, async () => {
    await makeMissing(req, await levelsOf(knex, items), adjustments)
    return await knex.transaction((trx) => addAll(trx, adjustments))
  })
  const changed = levels.filter((level) => level.applied)
  if (changed.length)
    await req.scope.resolve(Modules.EVENT_BUS).emit(
      changed.map((level) => ({ name: "inventory.inventory-level.updated", data: { id: level.id } }))
    )
  res.json({ levels })
}

function read(given: unknown): Adjustment[] {
  const fits = (one: any) =>
    typeof one?.inventory_item_id === "string" &&
    typeof one?.location_id === "string" &&
    Number.isFinite(one?.delta) &&
    Number.isInteger(one?.revision)
  if (!Array.isArray(given) || !given.length || given.length > ADJUSTMENTS_MAX || !given.every(fits))
    throw new MedusaError(
      MedusaError.Types.INVALID_DATA,
      `adjustments: 1 to ${ADJUSTMENTS_MAX} of { inventory_item_id, location_id, delta, revision }`
    )
  return given
}

async function makeMissing(req: MedusaRequest, there: LevelRow[], adjustments: Adjustment[]): Promise<void> {
  const spot = (one: { inventory_item_id: string; location_id: string }) => `${one.inventory_item_id} ${one.location_id}`
  const known = new Set(there.map(spot))
  const missing = [...new Map(adjustments.filter((one) => !known.has(spot(one))).map((one) => [spot(one), one])).values()]
  if (!missing.length) return
  await req.scope
    .resolve(Modules.INVENTORY)
    .createInventoryLevels(
      missing.map(({ inventory_item_id, location_id }) => ({ inventory_item_id, location_id, stocked_quantity: 0 }))
    )
}

async function addAll(trx: Knex.Transaction, adjustments: Adjustment[]): Promise<Adjusted[]> {
  const applied = new Map<string, boolean>()
  for (const { inventory_item_id: item, location_id: place, delta, revision } of adjustments) {
    const next = await trx.raw(
      `insert into tillwire_level (id, inventory_item_id, location_id, revision) values (?, ?, ?, 1)
       on conflict (inventory_item_id, location_id) where deleted_at is null
       do update set revision = tillwire_level.revision + 1, updated_at = now() where tillwire_level.revision = ?
       returning revision`,
      [generateEntityId(undefined, "twlev"), item, place, revision]
    )
    const isNext = next.rows[0]?.revision === revision + 1
    if (next.rows.length && !isNext)
      throw new MedusaError(MedusaError.Types.INVALID_DATA, `revision ${revision} of ${item} was never told`)
    applied.set(`${item} ${place}`, isNext)
    if (!isNext) continue
    await trx.raw(
      `update inventory_level set stocked_quantity = stocked_quantity + ?::numeric, updated_at = now(),
         raw_stocked_quantity = jsonb_set(
           raw_stocked_quantity, '{value}', to_jsonb(trim_scale(stocked_quantity + ?::numeric)::text))
       where inventory_item_id = ? and location_id = ? and deleted_at is null`,
      [delta, delta, item, place]
    )
  }
  const wanted = new Set(applied.keys())
  const rows = await levelsOf(trx, [...new Set(adjustments.map((one) => one.inventory_item_id))])
  return rows
    .filter((row) => wanted.has(`${row.inventory_item_id} ${row.location_id}`))
    .map((row) => ({ ...row, applied: applied.get(`${row.inventory_item_id} ${row.location_id}`) ?? false }))
}
