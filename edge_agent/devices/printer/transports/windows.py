"""A printer behind Windows' spooler: raw jobs by winspool, and what Windows knows of printer and job.

The printer's own answers do not come back this way, so its paper is mostly "unknown", and "done" means that Windows has
handed the job over: it has left the queue. A job that is still in the queue when the till gives up is deleted there, so
that it cannot print later. `Winspool` is the table of functions of the system; tests bring their own.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable
from ctypes import wintypes
from dataclasses import dataclass
from typing import Any

from edge_agent.devices.errors import ConnectionLost, PrinterUnreachable
from edge_agent.devices.printer.framing import PrinterStatus
from edge_agent.devices.printer.settings import WindowsReach

_LOOK_S = 0.25

# winspool.h
_PAPER_OUT = {"printer": 0x0000_0010, "job": 0x0000_0040}
_DOOR_OPEN = 0x0040_0000
_PRINTER_OFFLINE = 0x0000_0080 | 0x0000_1000  # offline, not available
_PRINTER_PAUSED = 0x0000_0001
_PRINTER_ERROR = 0x0000_0002 | 0x0000_0008 | 0x0000_0040 | 0x0010_0000  # error, jam, paper problem, intervention
_WORK_OFFLINE = 0x0000_0400
_JOB_DONE = 0x0000_0080 | 0x0000_1000  # printed, complete
_JOB_DELETED = 0x0000_0004 | 0x0000_0100
_JOB_OFFLINE = 0x0000_0020
_JOB_PAUSED = 0x0000_0001
_JOB_ERROR = 0x0000_0002 | 0x0000_0200 | 0x0000_0400  # error, blocked, intervention
_DELETE_JOB = 5
_ERROR_ACCESS_DENIED = 5


class DocInfo(ctypes.Structure):
    """DOC_INFO_1W."""

    _fields_ = (("document", wintypes.LPWSTR), ("output", wintypes.LPWSTR), ("datatype", wintypes.LPWSTR))


class PrinterInfo(ctypes.Structure):
    """PRINTER_INFO_2W."""

    _fields_ = (
        *((name, wintypes.LPWSTR) for name in ("server", "printer", "share", "port", "driver", "comment", "location")),
        ("devmode", ctypes.c_void_p),
        *((name, wintypes.LPWSTR) for name in ("separator", "processor", "datatype", "parameters")),
        ("security", ctypes.c_void_p),
        *((name, wintypes.DWORD) for name in ("attributes", "priority", "default_priority", "start", "until")),
        *((name, wintypes.DWORD) for name in ("status", "jobs", "speed")),
    )


class JobInfo(ctypes.Structure):
    """JOB_INFO_1W; SYSTEMTIME is eight words."""

    _fields_ = (
        ("job_id", wintypes.DWORD),
        *((name, wintypes.LPWSTR) for name in ("printer", "machine", "user", "document", "datatype", "words")),
        *((name, wintypes.DWORD) for name in ("status", "priority", "position", "pages", "printed")),
        ("submitted", ctypes.c_uint16 * 8),
    )


@dataclass(frozen=True, kw_only=True)
class Winspool:
    """The functions of winspool.drv by their own names and arguments; `last_error` is GetLastError."""

    OpenPrinterW: Callable[..., int]
    ClosePrinter: Callable[..., int]
    StartDocPrinterW: Callable[..., int]
    StartPagePrinter: Callable[..., int]
    WritePrinter: Callable[..., int]
    EndPagePrinter: Callable[..., int]
    EndDocPrinter: Callable[..., int]
    GetPrinterW: Callable[..., int]
    GetJobW: Callable[..., int]
    SetJobW: Callable[..., int]
    last_error: Callable[[], int]


class WindowsWire:
    """See `threaded.Wire`."""

    hears = False
    keeps = False
    tells = True
    all_or_nothing = False

    def __init__(self, reach: WindowsReach, winspool: Winspool | None = None) -> None:
        """Raises PrinterUnreachable."""
        self._queue = reach.queue
        self._api = winspool or system_winspool()
        self._handle = wintypes.HANDLE()
        if not self._api.OpenPrinterW(reach.queue, ctypes.byref(self._handle), None):
            number = self._api.last_error()
            if number == _ERROR_ACCESS_DENIED:
                raise PrinterUnreachable(f"printer {reach.queue!r}: Windows denies access to it", "no_permission")
            raise PrinterUnreachable(
                f"printer {reach.queue!r}: Windows knows no printer of this name (error {number}); "
                "take the name from its settings"
            )
        self._title = "Tillwire"
        self._job_id = 0
        self._written = True
        self._told: PrinterStatus | None = None
        self._closed = threading.Event()
        self._one_at_a_time = threading.Lock()

    def begin(self, title: str) -> None:
        """What follows is a document of that title."""
        self._title = title

    def write(self, data: bytes) -> int:
        """See `Wire`; the first bytes of a job start its document."""
        with self._one_at_a_time:
            if not self._job_id or self._written:
                self._start_document()
            taken = wintypes.DWORD()
            if not self._api.WritePrinter(self._handle, data, len(data), ctypes.byref(taken)):
                raise self._lost("takes no data")
            return int(taken.value)

    def finish(self) -> bool:
        """End the document, then wait until it has left the queue."""
        with self._one_at_a_time:
            if not self._written:
                if not (self._api.EndPagePrinter(self._handle) and self._api.EndDocPrinter(self._handle)):
                    raise self._lost("does not end the document")
                self._written = True
            status = self._job_status()
            if status is not None and status & _JOB_DELETED and not status & _JOB_DONE:
                raise ConnectionLost(f"printer {self._queue!r}: somebody deleted the job in Windows' queue")
            return status is None or bool(status & _JOB_DONE)

    def listen(self) -> bytes | PrinterStatus:
        """What Windows knows, when it changed."""
        with self._one_at_a_time:
            known = b"" if self._closed.is_set() else self._status()
        if isinstance(known, PrinterStatus) and known != self._told:
            self._told = known
            return known
        self._closed.wait(_LOOK_S)
        return b""

    def interrupt(self) -> None:
        """See `Wire`."""
        self._closed.set()

    def close(self, *, abort: bool) -> None:
        """See `Wire`."""
        self._closed.set()
        with self._one_at_a_time, contextlib.suppress(OSError):
            if abort and self._job_id:
                self._api.SetJobW(self._handle, self._job_id, 0, None, _DELETE_JOB)
            self._api.ClosePrinter(self._handle)

    # --- inside the lock

    def _start_document(self) -> None:
        document = DocInfo(self._title, None, "RAW")
        self._job_id = int(self._api.StartDocPrinterW(self._handle, 1, ctypes.byref(document)))
        if not self._job_id or not self._api.StartPagePrinter(self._handle):
            raise self._lost("takes no job")
        self._written = False

    def _status(self) -> PrinterStatus:
        info = self._read(self._api.GetPrinterW, 2, PrinterInfo, (self._handle,))
        if info is None:
            raise self._lost("is gone")
        job = self._job_status() or 0
        printer, attributes = int(info.status), int(info.attributes)
        offline = printer & (_PRINTER_OFFLINE | _PRINTER_PAUSED) or job & (_JOB_OFFLINE | _JOB_PAUSED)
        return PrinterStatus(
            online=not (offline or attributes & _WORK_OFFLINE),
            paper="out" if printer & _PAPER_OUT["printer"] or job & _PAPER_OUT["job"] else "unknown",
            cover_open=bool(printer & _DOOR_OPEN),
            error=bool(printer & _PRINTER_ERROR or job & _JOB_ERROR),
        )

    def _job_status(self) -> int | None:
        """The bits of our job; None when it has left the queue."""
        if not self._job_id:
            return None
        info = self._read(self._api.GetJobW, 1, JobInfo, (self._handle, self._job_id))
        return None if info is None else int(info.status)

    def _read(
        self, function: Callable[..., int], level: int, kind: type[ctypes.Structure], what: tuple[object, ...]
    ) -> Any | None:  # noqa: ANN401  the fields of a ctypes structure have no types
        """Ask for a structure with texts behind it, first for its size; None: there is none (any more)."""
        needed = wintypes.DWORD()
        function(*what, level, None, 0, ctypes.byref(needed))
        if not needed.value:
            return None
        buffer = ctypes.create_string_buffer(max(needed.value, ctypes.sizeof(kind)))
        if not function(*what, level, buffer, len(buffer), ctypes.byref(needed)):
            return None
        return kind.from_buffer_copy(buffer)

    def _lost(self, what: str) -> ConnectionLost:
        return ConnectionLost(f"printer {self._queue!r}: {what} (Windows error {self._api.last_error()})")


def system_winspool() -> Winspool:
    """This PC's own functions. Raises PrinterUnreachable where there is no Windows."""
    if sys.platform != "win32":
        raise PrinterUnreachable('printer: connection = "windows" needs Windows; take "tcp", "usb" or "serial"')
    library = ctypes.WinDLL("winspool.drv", use_last_error=True)
    shapes: dict[str, tuple[object, ...]] = {
        "OpenPrinterW": (wintypes.LPWSTR, ctypes.POINTER(wintypes.HANDLE), ctypes.c_void_p),
        "ClosePrinter": (wintypes.HANDLE,),
        "StartDocPrinterW": (wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p),
        "StartPagePrinter": (wintypes.HANDLE,),
        "WritePrinter": (wintypes.HANDLE, ctypes.c_char_p, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD)),
        "EndPagePrinter": (wintypes.HANDLE,),
        "EndDocPrinter": (wintypes.HANDLE,),
        "GetPrinterW": (wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD,
                        ctypes.POINTER(wintypes.DWORD)),
        "GetJobW": (wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD,
                    ctypes.POINTER(wintypes.DWORD)),
        "SetJobW": (wintypes.HANDLE, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD),
    }  # fmt: skip
    functions: dict[str, Callable[..., int]] = {}
    for name, shape in shapes.items():
        function = getattr(library, name)
        function.argtypes = shape
        function.restype = wintypes.DWORD if name == "StartDocPrinterW" else wintypes.BOOL
        functions[name] = function
    return Winspool(**functions, last_error=ctypes.get_last_error)
