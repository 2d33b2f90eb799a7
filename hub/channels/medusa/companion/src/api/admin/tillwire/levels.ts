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

/** All levels of some inventory items. */
export async function levelsOf(knex: Knex, items: string[]): Promise<LevelRow[]> {
  const found = await knex.raw(
    `select ${LEVEL_COLUMNS} from ${LEVEL_TABLES} where l.inventory_item_id = any(?) and l.deleted_at is null`,
    [items]
  )
  return found.rows
}
