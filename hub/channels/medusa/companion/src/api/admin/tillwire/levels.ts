import type { Knex } from "@medusajs/framework/mikro-orm/knex"

/** A level as the hub reads it: quantities in pieces, and how often the hub has set it. */
export type LevelRow = {
  id: string
  inventory_item_id: string
  location_id: string
  stocked_quantity: number
  reserved_quantity: number
  revision: number
  updated_at: Date
}

export const LEVEL_COLUMNS = `l.id, l.inventory_item_id, l.location_id, l.stocked_quantity::float8 as stocked_quantity,
  l.reserved_quantity::float8 as reserved_quantity, coalesce(t.revision, 0) as revision, l.updated_at`

export const LEVEL_TABLES = `inventory_level l left join tillwire_level t
  on t.inventory_item_id = l.inventory_item_id and t.location_id = l.location_id and t.deleted_at is null`

/** What is kept of a level, mostly for a line of an order. */
export type ReservationRow = {
  id: string
  inventory_item_id: string
  location_id: string
  line_item_id: string | null
  quantity: number
}

/** All levels of some inventory items, and all that is kept of them, as of one moment. */
export async function readAll(
  knex: Knex,
  items: string[]
): Promise<{ levels: LevelRow[]; reservations: ReservationRow[] }> {
  return await knex.transaction(
    async (trx) => {
      const levels = await levelsOf(trx, items)
      const kept = await trx.raw(
        `select id, inventory_item_id, location_id, line_item_id, quantity::float8 as quantity from reservation_item
         where inventory_item_id = any(?) and deleted_at is null`,
        [items]
      )
      return { levels, reservations: kept.rows }
    },
    { isolationLevel: "repeatable read" }
  )
}

/** All levels of some inventory items. */
export async function levelsOf(knex: Knex, items: string[]): Promise<LevelRow[]> {
  const found = await knex.raw(
    `select ${LEVEL_COLUMNS} from ${LEVEL_TABLES} where l.inventory_item_id = any(?) and l.deleted_at is null`,
    [items]
  )
  return found.rows
}
