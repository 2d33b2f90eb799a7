import { model } from "@medusajs/framework/utils"

/** How often the hub has set a level: a change of the hub's names the revision that it read, so it is made once. */
const Level = model
  .define("tillwire_level", {
    id: model.id({ prefix: "twlev" }).primaryKey(),
    inventory_item_id: model.text(),
    location_id: model.text(),
    revision: model.number().default(0),
  })
  .indexes([{ on: ["inventory_item_id", "location_id"], unique: true }])

export default Level
