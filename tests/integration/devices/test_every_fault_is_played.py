"""What a real shop does to a till, and the tests that play it: the list, and the proof that each of them is there.

A fault without a test is a story. `docs/explanation/faults.md` shows the same list to readers.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "explanation" / "faults.md"

_PRINTER = "tests/integration/devices/test_printer_faults.py"
_DAY = "tests/integration/devices/test_printer_day.py"
_WAYS = "tests/integration/devices/test_printer_ways.py"
_RESTARTS = "tests/integration/devices/test_printer_restarts.py"
_SCANNER = "tests/integration/devices/test_scanner_line.py"
_GRABBED = "tests/integration/devices/test_scanner_evdev.py"
_SCALE = "tests/integration/devices/test_scale_line.py"
_DISPLAY = "tests/integration/devices/test_display_line.py"
_TILL = "tests/integration/edge/test_till_process.py"
_DISK = "tests/integration/edge/test_full_disk.py"
_HARD = "tests/integration/edge/test_hard_receipts.py"
_WEDGE = "tests/browser/test_wedge.py"
_PAGE = "tests/browser/test_till_page.py"
_TROUBLES = "tests/browser/test_till_troubles.py"
_COUNTER = "tests/unit/edge_agent/counter"
_CODES = "tests/unit/edge_agent/till/test_codes.py"
_KILLS = "tests/endurance/test_kills.py"
_BROWSER = "tests/endurance/test_browser_crash.py"
_OWNER = "tests/unit/edge_agent/devices/test_port_owner.py"
_RECEIPT = "tests/unit/edge_agent/devices/test_receipt.py"
_SPOOL = "tests/unit/edge_agent/devices/test_spool.py"
_JOURNAL = "tests/unit/edge_agent/journal"
_HEALTH = "tests/unit/edge_agent/pages/test_health_words.py"
_DAMAGED = "tests/integration/edge/test_damaged_journal.py"
_SET = "tests/integration/edge/test_clock_set.py"
_FAULTS = "tests/faults/test_faults.py"
_CLOCK = "tests/unit/edge_agent/journal/test_clock.py"

FAULTS: dict[str, tuple[str, ...]] = {
    "a scanner is unplugged in the middle of a code": (
        f"{_SCANNER}::test_a_cable_pulled_in_the_middle_of_a_scan_sells_nothing",
        f"{_GRABBED}::test_unplugged_in_the_middle_of_a_scan_and_found_as_another_device",
    ),
    "a scanner comes back under another name": (
        f"{_SCANNER}::test_a_pulled_cable_is_told_once_and_a_new_name_is_found_soon",
        f"{_SCANNER}::test_a_scanner_that_was_seen_once_is_followed_to_another_name",
        f"{_TILL}::test_an_unplugged_scanner_comes_back_under_another_name",
    ),
    "half a code, two in one, noise on the line": (
        f"{_SCANNER}::test_joined_partial_and_noisy_scans_are_told_apart",
        f"{_GRABBED}::test_events_that_were_lost_spoil_their_code_alone",
    ),
    "another program holds the port": (
        f"{_SCANNER}::test_a_port_held_by_another_program_is_named_and_taken_when_free",
        f"{_SCALE}::test_a_port_of_another_program_is_named",
        f"{_WAYS}::test_a_port_is_ours_alone",
        f"{_TILL}::test_a_taken_port_is_named",
    ),
    "nobody gave the till permission for the port": (
        f"{_OWNER}::test_a_port_without_permission_is_named_and_taken_when_allowed",
        f"{_GRABBED}::test_a_scanner_that_cannot_be_grabbed_is_named",
    ),
    "the keyboard's layout is not the scanner's": (
        f"{_WEDGE}::test_a_scan_is_read_whatever_the_keyboard_layout",
        f"{_WEDGE}::test_what_an_input_method_was_composing_is_taken_back",
    ),
    "the cashier types while a code comes in": (
        f"{_WEDGE}::test_a_cashier_who_types_during_a_scan_spoils_neither",
        f"{_WEDGE}::test_no_digit_of_a_scan_reaches_the_focused_field",
        f"{_PAGE}::test_a_scan_while_cash_is_open_is_kept",
    ),
    "a code that nobody knows": (
        f"{_PAGE}::test_an_unknown_code_is_red_and_says_what_was_read",
        f"{_COUNTER}/test_counter.py::test_a_code_that_cannot_be_sold_is_answered_and_adds_nothing",
    ),
    "a code whose check digit is wrong": (
        f"{_CODES}::test_a_wrong_check_digit_is_told",
        f"{_CODES}::test_one_misread_digit_is_found",
    ),
    "the paper is out before a receipt": (
        f"{_PRINTER}::test_paper_out_before_holds_the_receipt",
        f"{_DAY}::test_no_paper_holds_and_a_refill_prints",
    ),
    "the paper ends in the middle of a receipt": (
        f"{_PRINTER}::test_paper_out_during_a_receipt_is_waited_for",
        f"{_PRINTER}::test_paper_out_in_a_long_receipt_is_known_though_the_printer_takes_nothing",
        f"{_DAY}::test_its_last_part_is_waited_for_as_well",
    ),
    "the paper ends right after a receipt": (f"{_PRINTER}::test_paper_out_after_a_receipt_does_not_make_it_unprinted",),
    "the printer's cover is open": (
        f"{_PRINTER}::test_an_open_cover_holds_the_receipt",
        f"{_PRINTER}::test_a_cover_opened_during_a_receipt_is_waited_for",
    ),
    "the printer says nothing": (
        f"{_PRINTER}::test_a_mute_printer_gets_nothing",
        f"{_PRINTER}::test_a_printer_gone_mute_during_a_receipt_leaves_a_question",
        f"{_PRINTER}::test_a_model_that_never_answers_prints_with_its_status_unknown",
    ),
    "the printer refuses the connection": (f"{_PRINTER}::test_a_refused_connection_waits",),
    "the printer stands still": (
        f"{_PRINTER}::test_a_short_stall_is_sat_out",
        f"{_PRINTER}::test_a_stall_without_end_leaves_a_question",
        f"{_WAYS}::test_a_printer_that_stands_still_is_noticed_and_left",
    ),
    "the printer loses its power in a receipt": (
        f"{_PRINTER}::test_a_power_cycle_in_a_receipt_leaves_a_question",
        f"{_DAY}::test_pulled_in_a_receipt",
    ),
    "the line to the printer breaks": (
        f"{_PRINTER}::test_a_connection_dropped_in_a_receipt_leaves_a_question",
        f"{_PRINTER}::test_a_printer_that_waits_for_the_rest_does_not_swallow_the_next_receipt",
        f"{_RESTARTS}::test_a_broken_off_receipt_is_settled_after_any_number_of_restarts",
    ),
    "the printer has moved to another address": (f"{_DAY}::test_a_printer_that_moved_prints_what_waited",),
    "a night of receipts waits for the printer": (
        f"{_DAY}::test_a_night_of_receipts_comes_in_order_after_the_refill",
        f"{_SPOOL}::test_a_night_long_backlog_is_asked_about_and_not_printed",
    ),
    "the drawer is jammed": (f"{_DAY}::test_a_jammed_drawer_is_told_and_forgotten_when_it_moves",),
    "the drawer was left open": (f"{_DAY}::test_a_drawer_that_was_left_open_is_told_and_not_called_stuck",),
    "the drawer's kick comes late": (
        f"{_PRINTER}::test_a_kick_that_came_too_late_is_never_sent",
        f"{_PRINTER}::test_a_kick_that_got_lost_is_not_replayed",
    ),
    "the scale moves": (
        f"{_SCALE}::test_goods_are_weighed_when_they_lie_still",
        f"{_COUNTER}/test_scanning.py::test_no_weight_is_sold_that_is_not_at_rest",
    ),
    "the scale says nothing": (f"{_SCALE}::test_a_silent_scale_turns_stale_and_is_shown",),
    "the customer's display goes dark": (
        f"{_DISPLAY}::test_a_display_that_was_away_shows_the_picture_of_the_moment",
        f"{_DISPLAY}::test_a_display_that_lost_its_power_gets_its_picture_again",
    ),
    "the card terminal approves while the network drops": (
        f"{_COUNTER}/test_card_terminal.py::test_the_terminal_approves_while_the_line_drops",
        f"{_COUNTER}/test_card_terminal.py::test_what_nobody_knows_is_asked_of_the_cashier",
        f"{_COUNTER}/test_card_terminal.py::test_a_till_that_was_killed_goes_on_asking_and_never_charges_twice",
    ),
    "a transfer by QR code comes late": (
        f"{_COUNTER}/test_transfers.py::test_money_for_a_code_that_was_given_up_is_listed",
    ),
    "a transfer by QR code is paid twice": (
        f"{_COUNTER}/test_transfers.py::test_the_cashiers_word_and_the_banks_are_one_payment",
    ),
    "a transfer by QR code has the wrong amount": (
        f"{_COUNTER}/test_transfers.py::test_a_wrong_amount_is_listed_and_the_code_goes_on_waiting",
    ),
    "the disk is nearly full": (
        f"{_JOURNAL}/test_room.py::test_each_level_begins_where_it_says",
        f"{_HEALTH}::test_a_disk_is_amber_then_red",
    ),
    "the disk is full": (
        f"{_DISK}::test_the_reserve_lets_the_last_receipt_through_and_refuses_the_next_before_it_begins",
        f"{_JOURNAL}/test_room.py::test_the_reserve_goes_when_nothing_fits_and_comes_back_with_room",
    ),
    "the database file is damaged": (
        f"{_DAMAGED}::test_a_damaged_journal_is_mended_told_and_sent_in_a_new_epoch",
        f"{_JOURNAL}/test_opening.py::test_an_event_that_was_changed_is_found_by_the_chain_alone",
        f"{_JOURNAL}/test_opening.py::test_numbers_that_decide_what_is_sent_are_believed_only_twice",
        f"{_FAULTS}::test_a_fault_loses_and_doubles_nothing",
    ),
    "the disk damages the file while the till runs": (
        "tests/unit/edge_agent/test_cli.py::test_an_agent_whose_journal_is_damaged_while_it_runs_begins_anew",
        "tests/unit/edge_agent/test_cli.py::test_a_disk_that_damages_every_journal_is_given_up",
    ),
    "the till dies while it mends its journal": (
        f"{_JOURNAL}/test_opening.py::test_a_crash_while_the_files_change_places_is_gone_on_with",
    ),
    "the PC is copied, or a till is enrolled twice": (
        f"{_HEALTH}::test_a_twin_is_told_while_the_epoch_is_lost_and_until_it_was_read",
    ),
    "the power is cut": (
        f"{_FAULTS}::test_a_fault_loses_and_doubles_nothing",
        f"{_FAULTS}::test_a_journal_that_is_synced_carelessly_loses_sales_in_the_same_power_cuts",
    ),
    "a write, fsync or read fails, or the agent dies in it": (f"{_FAULTS}::test_a_fault_loses_and_doubles_nothing",),
    "the clock is set by a day or a year while the till runs": (
        f"{_SET}::test_a_clock_that_is_set_stops_nothing_and_starts_no_storm",
        f"{_SET}::test_the_hubs_time_is_believed_again_after_every_jump_and_start",
        f"{_FAULTS}::test_a_fault_loses_and_doubles_nothing",
    ),
    "somebody sets the clock to end a PIN's wait": (
        f"{_COUNTER}/test_people.py::test_five_wrong_pins_wait_even_after_a_restart",
    ),
    "the reserve is used up as well": (
        f"{_DISK}::test_a_full_disk_stops_selling_with_words_and_nothing_is_half_done",
        f"{_DISK}::test_a_till_that_dies_on_a_full_disk_comes_back",
        f"{_COUNTER}/test_counter.py::test_a_full_disk_refuses_with_words_and_recovers",
        f"{_PRINTER}::test_a_full_disk_sends_nothing",
    ),
    "the clock jumps": (
        f"{_COUNTER}/test_clock_jumps.py::test_sales_and_sums_do_not_care_what_the_clock_says",
        f"{_COUNTER}/test_clock_jumps.py::test_a_jump_opens_no_drawer_and_prints_nothing_unasked",
        f"{_CLOCK}::test_a_jump_of_the_pcs_clock_changes_nothing_once_it_was_checked",
        f"{_CLOCK}::test_the_journals_time_never_runs_backwards",
    ),
    "two agents are started": (f"{_TILL}::test_two_agents_on_one_folder_are_refused",),
    "the agent dies": (
        f"{_KILLS}::test_fifteen_kills_lose_and_double_nothing",
        f"{_TILL}::test_a_kill_between_payment_and_print_loses_and_doubles_nothing",
        f"{_TILL}::test_a_kill_between_payment_and_sync_loses_and_doubles_nothing",
        f"{_PRINTER}::test_a_restart_in_a_receipt_leaves_a_question",
    ),
    "the browser dies": (
        f"{_BROWSER}::test_a_browser_that_was_killed_comes_back_with_cart_and_money",
        f"{_KILLS}::test_fifteen_kills_lose_and_double_nothing",
    ),
    "a second window is opened": (
        f"{_BROWSER}::test_a_browser_that_was_killed_comes_back_with_cart_and_money",
        f"{_PAGE}::test_any_number_of_windows_may_have_been_open",
    ),
    "the page loses the till": (
        f"{_TROUBLES}::test_a_till_that_restarts_is_found_again",
        f"{_TROUBLES}::test_an_order_that_the_till_did_not_hear_is_told",
    ),
    "names come decomposed (NFD)": (
        f"{_HARD}::test_sixty_lines_with_long_decomposed_names_on_narrow_paper",
        f"{_RECEIPT}::test_composed_and_decomposed_text_are_drawn_alike",
    ),
    "names are very long": (
        f"{_HARD}::test_sixty_lines_with_long_decomposed_names_on_narrow_paper",
        f"{_RECEIPT}::test_no_text_runs_over_the_edge",
    ),
    "a receipt has sixty lines": (
        f"{_HARD}::test_sixty_lines_with_long_decomposed_names_on_narrow_paper",
        f"{_TROUBLES}::test_the_newest_of_sixty_lines_is_seen",
    ),
    "the paper is 58 mm wide": (f"{_HARD}::test_sixty_lines_with_long_decomposed_names_on_narrow_paper",),
}


@cache
def played_in(file: str) -> frozenset[str]:
    """Names of the test functions of a module; none if there is no such module."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    found = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = (node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(name for name in functions if name.startswith("test_"))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_tests_that_exist(fault: str) -> None:
    """Each test that is said to play it is there, under that name."""
    assert FAULTS[fault]
    missing = [test for test in FAULTS[fault] if test.split("::")[1] not in played_in(test.split("::")[0])]
    assert not missing


def test_the_page_shows_the_same_list() -> None:
    """Whoever reads the docs sees every fault with its first test, and none that is not played."""
    rows = [
        line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if "test_" in line and "|" in line
    ]
    assert {row[1].strip(): row[3].strip().strip("`") for row in rows} == {
        fault: tests[0] for fault, tests in FAULTS.items()
    }
