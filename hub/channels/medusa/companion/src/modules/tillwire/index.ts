import { Module } from "@medusajs/framework/utils"
import TillwireService from "./service"

export const TILLWIRE_MODULE = "tillwire"

export default Module(TILLWIRE_MODULE, { service: TillwireService })
