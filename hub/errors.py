"""HubError
├── ConfigError               fix the file, key or variable that it names, then start again
├── PortInUse                 another program (or another hub) has the port: stop it, or choose another
├── FolderInUse               another hub runs with this data folder: stop it, or give this one a folder of its own
├── BadPacket                 the broker sent bytes that are no MQTT 3.1.1: the connection is dropped and made anew
├── BrokerUnavailable         the broker cannot be reached or did not start; the hub tries again by itself while it runs
├── StorageError
│   ├── StorageUnavailable    the database is away, full or locked: the same work may succeed later
│   │   ├── StoresNotLocked   what was decided concerns stores that are not locked: again, with those locked, too
│   │   └── LeaseLost         another hub process does this part of a channel's work now: nothing was written
│   └── StorageRejected       the database refuses this very work: the same work fails again
│       └── AlreadyLogged     an event's id is in the log: the same batch is planned again with a look at the log
├── RowLocked                 memory store only: another open transaction has the store's row; a database would wait
├── UnknownStore              create the store first
├── UnknownTerminal           add the terminal first
├── StoreExists               nothing to do, or another name
├── TerminalExists            renew it instead
├── UnknownOrder              look for its id in the list of orders
├── OrderConflict             two orders have one id: cancel the first, or give the second its own
├── UnknownItem               look for the SKU, and for the store
├── RuleRefused               mend the field that it names, or take rules away
├── UnorderableItem           import the item, or mend what it is made of
├── ImportFailed              a line of an imported file cannot be used; nothing of the file was taken
├── DecisionRefused           what a person wants to decide does not fit what is there (any more): look again
├── UnknownChannel            look for its name in the list of channels
├── ChannelExists             nothing to do, or another name
├── MappingRefused            a link that cannot be: mend the word that it names
├── ChannelBusy               messages wait for the channel: let them go out first, or give them up
└── ChannelError              a sales channel did not do what was asked; says which channel
    ├── ChannelUnavailable    it does not answer, or asks us to wait: the same is tried again later
    │   └── OutcomeUnknown    it may have done it before the line broke: look there before the same is sent again
    ├── ChannelUnauthorised   it does not let us in: renew the key or token, then open the channel again
    ├── ChannelRefused        it refused this very thing, in its own words: parked until somebody mends the cause
    ├── UnmappedWord          a SKU, location, tax or tender has no counterpart: map it, then replay
    ├── PooledLocation        several stores are one location there, and it matters which: map one store to it
    ├── ForgedWebhook         a webhook that the vendor did not send, or sent elsewhere, or long ago: refused
    └── UnreadableWebhook     a genuine webhook that is not understood: kept and parked
"""


class HubError(Exception):
    """Base of all errors that the hub raises."""


class ConfigError(HubError):
    """A setting is unknown, missing or wrong."""


class PortInUse(HubError):
    """A port that the hub must listen on is taken."""


class FolderInUse(HubError):
    """Another hub runs with this data folder."""


class BadPacket(HubError):
    """Bytes on the broker's connection that are no MQTT 3.1.1 packet."""


class BrokerUnavailable(HubError):
    """The MQTT broker does not answer."""


class StorageError(HubError):
    """The database did not do what was asked."""


class StorageUnavailable(StorageError):
    """The database is away, full or locked; try again."""


class StoresNotLocked(StorageUnavailable):
    """What was decided under locks concerns stores that are not among the locked ones; nothing is written."""

    def __init__(self, stores: frozenset[str]) -> None:
        super().__init__(f"{', '.join(sorted(stores))}: not locked; send the same again")
        self.stores = stores


class LeaseLost(StorageUnavailable):
    """Another process took over a part of a channel's work while this one had paused; nothing is written."""


class StorageRejected(StorageError):
    """The database refuses the data itself; trying again is no use."""


class AlreadyLogged(StorageRejected):
    """An event of this store has this id already."""


class RowLocked(HubError):
    """Another open transaction of the memory store holds a row that is needed here."""


class UnknownStore(HubError):
    """No store has this id."""


class UnknownTerminal(HubError):
    """No terminal has this id in that store."""


class StoreExists(HubError):
    """A store with this id is there already."""


class TerminalExists(HubError):
    """A terminal with this id is there already."""


class UnknownOrder(HubError):
    """No order has this id."""


class OrderConflict(HubError):
    """Another order with this id was placed before."""


class UnknownItem(HubError):
    """A store has no level of this SKU."""


class RuleRefused(HubError):
    """A rule of safety stock that cannot hold."""


class UnorderableItem(HubError):
    """An order has an item that the catalogue does not have, or that nobody could ever gather."""


class ImportFailed(HubError):
    """A file cannot be imported; the message names file, line and remedy."""


class DecisionRefused(HubError):
    """What somebody wants to decide about a difference, or about who is who, does not fit what is there."""


class UnknownChannel(HubError):
    """No channel has this name."""


class ChannelExists(HubError):
    """A channel with this name is there already."""


class MappingRefused(HubError):
    """A word of ours and one of a channel's that cannot be linked."""


class ChannelBusy(HubError):
    """A channel cannot be removed while something waits for it."""


class ChannelError(HubError):
    """A sales channel did not do what was asked."""


class ChannelUnavailable(ChannelError):
    """The channel does not answer, or asks us to wait `retry_after_s` seconds (None: it does not say)."""

    def __init__(self, words: str, retry_after_s: float | None = None) -> None:
        super().__init__(words)
        self.retry_after_s = retry_after_s


class OutcomeUnknown(ChannelUnavailable):
    """The line broke after something was sent: it may have been done."""


class ChannelUnauthorised(ChannelError):
    """The channel does not let us in."""


class ChannelRefused(ChannelError):
    """The channel refused this very thing; the message is what it said."""


class UnmappedWord(ChannelError):
    """A word of one side has no counterpart on the other."""

    def __init__(self, channel: str, kind: str, word: str, *, theirs: bool) -> None:
        whose = "the channel's" if theirs else "our"
        super().__init__(
            f"channel {channel}: {whose} {kind} {word!r} is not mapped; `tillwire-hub channel check {channel}` "
            "shows what is missing, `tillwire-hub channel map` maps it"
        )
        self.kind, self.word, self.theirs = kind, word, theirs


class PooledLocation(ChannelError):
    """Several stores are one location to the channel, and what happened there must be of one of them."""

    def __init__(self, channel: str, location: str, stores: list[str]) -> None:
        super().__init__(
            f"channel {channel}: location {location!r} stands for {', '.join(stores)}: nobody can tell which of them "
            "was counted; map one store to it, or count at the tills"
        )


class ForgedWebhook(ChannelError):
    """A webhook that the vendor did not send, or not to here, or long ago."""


class UnreadableWebhook(ChannelError):
    """A genuine webhook that is not understood."""
