"""Windows' spooler with one printer, at the level of winspool's functions: handles, documents, a queue, status bits.

A thread carries ended documents to a simulated printer, byte by byte, as a port monitor does; a document leaves the
queue when the printer took its last byte. What a bidirectional driver would tell is read off the printer's sensors.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge_agent.devices.printer.transports.windows import DocInfo, JobInfo, PrinterInfo, Winspool
from hardware_sim.errors import NotPlugged
from hardware_sim.printer import SimulatedPrinter

INVALID_NAME, INVALID_PARAMETER, INSUFFICIENT_BUFFER, CANCELLED = 1801, 87, 122, 63
_PRINTING, _DELETING, _PAPER_OUT, _OFFLINE, _ERROR = 0x10, 0x4, 0x40, 0x20, 0x2
_PRINTER_PAPER_OUT, _PRINTER_OFFLINE, _PRINTER_ERROR, _PRINTER_DOOR = 0x10, 0x80, 0x2, 0x400000
_TEXT_BEHIND = 64
"""Windows puts the texts of a structure behind it in the same buffer."""


@dataclass
class Document:
    """One job of the queue."""

    title: str
    datatype: str
    data: bytearray = field(default_factory=bytearray)
    ended: bool = False
    deleted: bool = False


class Spooler:
    """`talks`: whether the driver tells paper and cover; most USB printers' drivers tell nothing."""

    def __init__(self, printer: SimulatedPrinter, name: str, *, talks: bool = True) -> None:
        self.name = name
        self.talks = talks
        self.installed = True
        self.queue: dict[int, Document] = {}
        self.titles: list[str] = []
        self._printer = printer
        self._open: dict[int, int] = {}
        self._error = 0
        self._next = 0
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._carrier = threading.Thread(target=self._carry, daemon=True)
        self._carrier.start()

    def stop(self) -> None:
        """End the carrier."""
        self._ended.set()
        self._carrier.join(5)

    def api(self) -> Winspool:
        """The table of functions."""
        return Winspool(
            OpenPrinterW=self._open_printer, ClosePrinter=self._close, StartDocPrinterW=self._start_doc,
            StartPagePrinter=self._known, WritePrinter=self._write, EndPagePrinter=self._known,
            EndDocPrinter=self._end_doc, GetPrinterW=self._get_printer, GetJobW=self._get_job, SetJobW=self._set_job,
            last_error=lambda: self._error,
        )  # fmt: skip

    # --- winspool.drv

    def _open_printer(self, name: str, handle: Any, _defaults: object) -> int:  # noqa: ANN401  a ctypes reference
        if not self.installed or name != self.name:
            return self._fail(INVALID_NAME)
        self._next += 1
        handle._obj.value = self._next  # noqa: SLF001  what ctypes.byref points at
        self._open[self._next] = 0
        return 1

    def _close(self, handle: Any) -> int:  # noqa: ANN401  a ctypes handle
        self._open.pop(handle.value, None)
        return 1

    def _known(self, handle: Any) -> int:  # noqa: ANN401  as above
        return 1 if self.installed and handle.value in self._open else self._fail(INVALID_PARAMETER)

    def _start_doc(self, handle: Any, level: int, document: Any) -> int:  # noqa: ANN401  as above
        if level != 1 or not self._known(handle):
            return 0
        info: DocInfo = document._obj  # noqa: SLF001  as above
        with self._lock:
            self._next += 1
            self.queue[self._next] = Document(info.document, info.datatype)
            self.titles.append(info.document)
            self._open[handle.value] = self._next
        return self._next

    def _write(self, handle: Any, data: bytes, size: int, written: Any) -> int:  # noqa: ANN401  as above
        job = self.queue.get(self._open.get(handle.value, 0))
        if not self.installed or job is None or job.deleted:
            return self._fail(CANCELLED)
        job.data += data[:size]
        written._obj.value = size  # noqa: SLF001  as above
        return 1

    def _end_doc(self, handle: Any) -> int:  # noqa: ANN401  as above
        job = self.queue.get(self._open.get(handle.value, 0))
        if job is None:
            return self._fail(CANCELLED)
        job.ended = True
        return 1

    def _get_printer(self, handle: Any, level: int, buffer: Any, size: int, needed: Any) -> int:  # noqa: ANN401  as above, and Windows' own
        if level != 2 or not self._known(handle):
            return self._fail(INVALID_PARAMETER)
        info = PrinterInfo()
        info.status = self._printer_bits()
        return self._put(info, buffer, size, needed)

    def _get_job(self, _handle: object, job_id: int, level: int, buffer: Any, size: int, needed: Any) -> int:  # noqa: ANN401  as above
        job = self.queue.get(job_id)
        if level != 1 or job is None:
            return self._fail(INVALID_PARAMETER)
        info = JobInfo()
        info.job_id = job_id
        info.status = _DELETING if job.deleted else _PRINTING if job.ended else 0
        return self._put(info, buffer, size, needed)

    def _set_job(self, _handle: object, job_id: int, _level: int, _info: object, command: int) -> int:
        assert command == 5, "only deletion is asked for"
        with self._lock:
            self.queue.pop(job_id, None)
        return 1

    # --- inside

    def _put(self, info: ctypes.Structure, buffer: Any, size: int, needed: Any) -> int:  # noqa: ANN401  as above
        data = bytes(info) + bytes(_TEXT_BEHIND)
        needed._obj.value = len(data)  # noqa: SLF001  as above
        if buffer is None or size < len(data):
            return self._fail(INSUFFICIENT_BUFFER)
        ctypes.memmove(buffer, data, len(data))
        return 1

    def _printer_bits(self) -> int:
        if not self.talks:
            return 0
        felt = self._printer.machine.sensors
        bits = ((felt.paper_out, _PRINTER_PAPER_OUT), (felt.cover_open, _PRINTER_DOOR),
                (felt.offline, _PRINTER_OFFLINE), (felt.cutter_error, _PRINTER_ERROR))  # fmt: skip
        return sum(bit for on, bit in bits if on)

    def _fail(self, number: int) -> int:
        self._error = number
        return 0

    def _carry(self) -> None:
        while not self._ended.wait(0.01):
            with self._lock:
                ready = next(((number, job) for number, job in self.queue.items() if job.ended), None)
            if ready is not None:
                self._carry_one(*ready)

    def _carry_one(self, number: int, job: Document) -> None:
        assert self._printer.usb is not None
        self._until(lambda: self._take(job))
        with self._lock:
            if not job.data:
                self.queue.pop(number, None)

    def _take(self, job: Document) -> bool:
        """Hand on a piece; True: no more to do for this document."""
        assert self._printer.usb is not None
        if job.deleted or not job.data or job not in self.queue.values():
            return True
        try:
            taken = self._printer.usb.host_write(bytes(job.data[:1024]), 0.05)
        except NotPlugged:
            self._ended.wait(0.05)
            return False
        del job.data[:taken]
        return not job.data

    def _until(self, done: Callable[[], bool]) -> None:
        while not self._ended.is_set() and not done():
            pass
