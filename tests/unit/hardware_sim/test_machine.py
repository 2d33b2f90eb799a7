"""What the printer answers and when: status, fences, paper, power. No network, no clock."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_sim.drawer import Drawer
from hardware_sim.escpos.machine import Machine
from hardware_sim.escpos.paper import raster_digest
from tests.unit.hardware_sim.escpos_streams import Bench, bench, escpos, picture

EOT = {n: bytes((0x10, 4, n)) for n in range(1, 5)}
FENCE = b"\x1dr\x01"
IMAGE = picture(576, 300)
RECEIPT = escpos(lambda d: (d.hw("INIT"), d.image(IMAGE), d.cut()))


def ask(printer: Bench, question: bytes) -> bytes:
    """The answer to one question."""
    before = len(printer.answers)
    printer.send(question)
    return b"".join(answer.data for answer in printer.answers[before:])


def break_nothing(_: Machine) -> None:
    """All well."""


@pytest.mark.parametrize(
    ("fault", "n", "answer"),
    [
        (break_nothing, 1, 0b0001_0110),
        (break_nothing, 2, 0b0001_0010),
        (break_nothing, 3, 0b0001_0010),
        (break_nothing, 4, 0b0001_0010),
        (lambda m: m.set_sensors(offline=True), 1, 0b0001_1110),
        (lambda m: m.set_sensors(cover_open=True), 1, 0b0001_1110),
        (lambda m: m.set_sensors(cover_open=True), 2, 0b0001_0110),
        (lambda m: m.set_sensors(paper_out=True), 1, 0b0001_1110),
        (lambda m: m.set_sensors(paper_out=True), 2, 0b0011_0010),
        (lambda m: m.set_sensors(paper_out=True), 4, 0b0111_1110),
        (lambda m: m.set_sensors(paper_near_end=True), 1, 0b0001_0110),
        (lambda m: m.set_sensors(paper_near_end=True), 4, 0b0001_1110),
        (lambda m: m.set_sensors(cutter_error=True), 2, 0b0101_0010),
        (lambda m: m.set_sensors(cutter_error=True), 3, 0b0001_1010),
    ],
)
def test_real_time_status_says_what_the_reference_says(fault: Callable[[Machine], None], n: int, answer: int) -> None:
    """DLE EOT n is answered at once in every state, with the bits of Epson's reference."""
    printer = bench()
    fault(printer.machine)
    assert ask(printer, EOT[n]) == bytes((answer,))


def test_real_time_status_overtakes_a_full_buffer() -> None:
    """A question is answered while a job stands still before it."""
    printer = bench()
    printer.machine.set_sensors(paper_out=True)
    printer.send(RECEIPT[:1000] + EOT[4])
    assert printer.answered == b"\x7e"
    assert printer.machine.buffered > 0


def test_real_time_commands_hide_in_images() -> None:
    """Image data that looks like DLE EOT is answered, as by the real thing; the kinder printer knows better."""
    image = b"\x1dv0\0\x03\0\x01\0" + EOT[1]
    harsh, kind = bench(), bench(realtime_in_data=False)
    for printer in (harsh, kind):
        printer.send(image + EOT[1] + b"\x1dV\0")
        assert printer.receipts[0].raster_rows == 1
    assert (len(harsh.answered), len(kind.answered)) == (2, 1)


@settings(deadline=None)
@given(st.integers(0, 255), st.integers(1, 4))
def test_the_families_of_answers_can_be_told_apart(sensors: int, n: int) -> None:
    """A fence's answer is never mistaken for a status answer: bit 4 differs."""
    printer = bench(drawer=Drawer(open_is_high=bool(sensors & 1)))
    printer.machine.set_sensors(paper_near_end=bool(sensors & 2))
    (fence,) = ask(printer, FENCE)
    (status,) = ask(printer, EOT[n])
    assert fence & 0b1001_0000 == 0
    assert status & 0b1001_0011 == 0b0001_0010


def test_the_fence_is_answered_when_all_before_it_is_on_paper() -> None:
    """GS r 1 comes after the cut, never before."""
    printer = bench(buffer_bytes=1 << 17)
    printer.machine.receive(RECEIPT + FENCE)
    while printer.machine.step(7).more:
        assert bool(printer.answered) <= bool(printer.receipts)
    assert printer.answered == b"\0"
    assert len(printer.receipts) == 1


@pytest.mark.parametrize("fence", [FENCE, b"\x1dr1", b"\x1bv", b"\x1d(H\x06\x000012ab", b"\x1dI\x01"])
@settings(deadline=None, max_examples=25)
@given(rows=st.integers(0, 700))
def test_paper_out_anywhere_holds_the_fence_and_refilling_gives_exactly_one_receipt(fence: bytes, rows: int) -> None:
    """The roll may end at any row: no answer until it is changed, then one answer and one whole receipt."""
    printer = bench(buffer_bytes=1 << 17)
    printer.machine.run_out_after(rows)
    printer.send(RECEIPT + fence)
    if printer.machine.sensors.paper_out:
        assert not printer.answered
        assert ask(printer, EOT[2]) == b"\x32"
        printer.answers.clear()
        printer.machine.set_sensors(paper_out=False)
        printer.work()
    assert len(printer.answers) == 1
    (receipt,) = printer.receipts
    assert receipt.complete
    assert receipt.raster_sha256 == raster_digest(IMAGE)


@pytest.mark.parametrize("fault", ["cover_open", "offline", "cutter_error"])
def test_a_printer_that_stops_in_mid_receipt_goes_on_where_it_stopped(fault: str) -> None:
    """Cover, offline and cutter errors hold the job; nothing is lost or printed twice."""
    printer = bench(buffer_bytes=1 << 17)
    printer.machine.receive(RECEIPT + FENCE)
    printer.machine.step(100)
    printer.machine.set_sensors(**{fault: True})
    printer.work()
    assert printer.machine.paper.row_count == 100
    assert not printer.answers
    printer.machine.set_sensors(**{fault: False})
    printer.work()
    assert [receipt.raster_sha256 for receipt in printer.receipts] == [raster_digest(IMAGE)]
    assert printer.answered == b"\0"


def test_losing_power_leaves_a_fragment_and_forgets_the_rest() -> None:
    """What was on paper stays on paper, torn; the rest never comes."""
    printer = bench(buffer_bytes=1 << 17)
    printer.machine.receive(RECEIPT + FENCE)
    printer.machine.step(100)
    printer.machine.lose_power()
    printer.machine.begin_connection(2)
    printer.send(RECEIPT + FENCE)
    torn, whole = printer.receipts
    assert (torn.torn_by, torn.raster_rows, torn.complete) == ("power_cycle", 100, False)
    assert whole.complete
    assert printer.answered == b"\0"


def test_a_connection_lost_in_mid_image_leaves_a_fragment() -> None:
    """The next connection starts on clean paper, and its first bytes are commands again."""
    printer = bench()
    printer.send(RECEIPT[:5000])
    assert printer.machine.mid_command
    printer.machine.begin_connection(2)
    printer.send(RECEIPT)
    torn, whole = printer.receipts
    assert (torn.torn_by, torn.complete, whole.complete) == ("connection_lost", False, True)
    assert torn.raster_rows < whole.raster_rows == 300


def test_a_plain_interface_card_lets_the_old_image_swallow_the_new_job() -> None:
    """With after_disconnect="keep" the next job's bytes fill the old raster: the worst that shops report."""
    printer = bench(after_disconnect="keep")
    printer.send(RECEIPT[:5000])
    printer.machine.begin_connection(2)
    printer.send(RECEIPT)
    assert not any(receipt.raster_sha256 == raster_digest(IMAGE) for receipt in printer.receipts)


def test_automatic_status_tells_changes_until_initialised() -> None:
    """GS a: four bytes at once and at every change; ESC @ ends it."""
    printer = bench()
    assert ask(printer, b"\x1da\x0f") == b"\x14\x00\x00\x0f"
    printer.machine.set_sensors(cover_open=True)
    assert printer.answered[-4:] == b"\x3c\x00\x00\x0f"
    printer.machine.set_sensors(cover_open=False)
    printer.send(b"\x1b@")
    count = len(printer.answers)
    printer.machine.set_sensors(paper_out=True)
    assert len(printer.answers) == count


def test_recovery_from_a_cutter_error_by_the_host() -> None:
    """DLE ENQ 1 goes on, DLE ENQ 2 throws the buffer away."""
    for order, receipts in ((1, 1), (2, 0)):
        printer = bench(buffer_bytes=1 << 17)
        printer.machine.set_sensors(cutter_error=True)
        printer.send(RECEIPT)
        printer.send(bytes((0x10, 5, order)))
        assert not printer.machine.sensors.blocked
        assert len(printer.receipts) == receipts


@pytest.mark.parametrize("pin", [2, 5])
@pytest.mark.parametrize("open_is_high", [True, False])
def test_the_drawer_opens_on_its_own_pin_and_shows_in_status(pin: int, open_is_high: bool) -> None:
    """ESC p on the right pin; bit 2 of DLE EOT 1 and bit 0 of GS r 2 follow the wire."""
    drawer = Drawer(pin=2 if pin == 2 else 5, open_is_high=open_is_high)
    printer = bench(drawer=drawer)
    printer.send(escpos(lambda d: d.cashdraw(7 - pin)))
    assert not drawer.is_open
    assert bool(ask(printer, EOT[1])[0] & 4) is not open_is_high
    printer.send(escpos(lambda d: d.cashdraw(pin)))
    assert drawer.is_open
    assert bool(ask(printer, EOT[1])[0] & 4) is open_is_high
    assert ask(printer, b"\x1dr\x02")[0] == int(open_is_high)
    assert (drawer.openings, printer.machine.pulses) == (1, 2)


def test_a_kick_waits_for_its_turn_and_the_real_time_kick_does_not() -> None:
    """ESC p stands in the queue; DLE DC4 1 does not, unless GS ( D forbade it."""
    drawer = Drawer()
    printer = bench(drawer=drawer, buffer_bytes=1 << 17)
    printer.machine.receive(RECEIPT + b"\x1bp\0\x19\xfa")
    printer.machine.step(10)
    assert not drawer.is_open
    printer.machine.receive(b"\x10\x14\x01\0\x01")
    assert drawer.is_open
    drawer.close()
    printer.work()
    assert drawer.openings == 2
    drawer.close()
    printer.send(b"\x1d(D\x03\0\x14\x01\0\x10\x14\x01\0\x01")
    printer.send(b"\x10\x14\x01\0\x01")
    assert drawer.openings <= 3


def test_a_jammed_drawer_counts_kicks_but_does_not_open() -> None:
    """The driver's kick left, the drawer stayed shut: the sensor says so."""
    drawer = Drawer()
    drawer.jam()
    printer = bench(drawer=drawer)
    printer.send(escpos(lambda d: d.cashdraw(2)))
    assert (drawer.kicks, drawer.openings, drawer.is_open) == (1, 0, False)
    drawer.free()
    printer.send(escpos(lambda d: d.cashdraw(2)))
    assert (drawer.kicks, drawer.openings, drawer.is_open) == (2, 1, True)


def test_a_drawer_without_sensor_never_changes_its_wire() -> None:
    """Such drawers exist; the driver has to say "unknown"."""
    drawer = Drawer(has_sensor=False)
    drawer.kick(2)
    assert drawer.is_open
    assert drawer.sensor_high


def test_a_drawer_opened_by_key_is_no_opening_by_kick() -> None:
    """Counts tell what the till did."""
    drawer = Drawer()
    drawer.open_with_key()
    assert (drawer.is_open, drawer.openings) == (True, 0)
