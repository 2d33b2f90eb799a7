import { Migration } from "@medusajs/framework/mikro-orm/migrations"

export class Migration20261128000000 extends Migration {
  override async up(): Promise<void> {
    this.addSql(`create table if not exists "tillwire_level" (
      "id" text not null, "inventory_item_id" text not null, "location_id" text not null,
      "revision" integer not null default 0,
      "created_at" timestamptz not null default now(), "updated_at" timestamptz not null default now(),
      "deleted_at" timestamptz null, constraint "tillwire_level_pkey" primary key ("id"));`)
    this.addSql(`create unique index if not exists "IDX_tillwire_level_inventory_item_id_location_id_unique"
      on "tillwire_level" ("inventory_item_id", "location_id") where deleted_at is null;`)
    // One order for each sale of a till. Where two are there already, the index is left out and the hub looks by itself.
    this.addSql(`do $$ begin
      if to_regclass('"order"') is not null then
        create unique index if not exists "UQ_tillwire_pos_sale_id" on "order" ((metadata ->> 'pos_sale_id'))
          where metadata ->> 'pos_sale_id' is not null and deleted_at is null and canceled_at is null;
      end if;
    exception when unique_violation then raise warning 'tillwire: two orders have one pos_sale_id';
    end $$;`)
  }

  override async down(): Promise<void> {
    this.addSql(`drop index if exists "UQ_tillwire_pos_sale_id";`)
    this.addSql(`drop table if exists "tillwire_level" cascade;`)
  }
}
