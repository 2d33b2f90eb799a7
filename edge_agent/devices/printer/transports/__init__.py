"""Ways to a printer, behind one small port (`line.py`): TCP, a serial port, USB, Windows' spooler, a folder.

`opening.py` picks the way that the settings name. TCP runs on the event loop; the others block, so `threaded.py` gives
each of them two threads and one shape (`Wire`).
"""
