"""`tillwire-sim square`: a simulated Square with a shop in it, for a hub's channel and a till's Terminal checkouts."""

from datetime import UTC, datetime

import click

from hardware_sim.cli.console import Console, json_option, option, run

DECISIONS = {"pay": "pay", "less": "pay_less", "decline": "decline", "cancel": "cancel"}
WORDS = (
    "pay, less, decline or cancel decides what is under way at the terminal; the orders are !next "
    "pay|less|decline|cancel|wait, !sell SKU [PIECES], !order SKU [PIECES], !fee MINOR, !fail "
    "busy|down|lost|expired TIMES, !terminal on|off, !unplug, !plug, !state, !quit"
)


@click.command(epilog=f"On standard input {WORDS}. Empty lines and # comments are skipped.")
@option("--port", type=click.IntRange(0, 65535), default=4200, help="Port of 127.0.0.1; 0 lets the system choose.")
@option("--currency", default="GBP", help="The seller's currency.")
@option("--token", default="token-of-a-seller", help="The access token that is let in.")
@option("--each", type=click.Choice([*DECISIONS, "wait"]), default="wait", help="What buyers do at the terminal.")
@option("--notify", default="", show_default="nobody", help="Address that webhooks are sent to, as the hub knows it.")
@option("--signature-key", default="signature-of-a-seller", help="The key that signs them.")
@json_option("One JSON object a line, for scripts.")
def square(  # noqa: PLR0913 - one argument for each option
    *, port: int, currency: str, token: str, each: str, notify: str, signature_key: str, json: bool
) -> None:
    """A simulated Square: two locations, three goods, a terminal. Ctrl-C ends it."""
    # A web server and its client, which no other device needs.
    from hardware_sim.cli.square_shop import serve  # noqa: PLC0415
    from hardware_sim.vendors.square import World  # noqa: PLC0415

    console = Console(as_json=json)
    world = World(lambda: datetime.now(UTC), currency=currency, tokens={token})  # noqa: TID251 - the command's own clock
    world.notification_url, world.signature_key = notify, signature_key
    world.each_checkout = DECISIONS.get(each, "wait")  # type: ignore[assignment]  # one of its words
    run(serve(world, port, console), console)
