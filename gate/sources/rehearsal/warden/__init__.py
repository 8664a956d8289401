"""Runs on the host: starts a program behind a fence that has been proven, and ends it.

It is sent there as text and run by the host's own Python (3.8 or newer) with nothing but the
standard library. Its plan comes on standard input as JSON:

``folder``
    A private folder: ``proof`` is written there, ``http`` is a socket that leads to the program,
    ``stop`` ends it.
``command``, ``cwd``
    What to run, and where.
``port``
    Where the program listens, on 127.0.0.1.
``clone``
    ``host``, ``port``, ``user`` and ``database`` of the clone; inside it is at 127.0.0.1, ``port``.
``reach``
    ``[host, port]`` of everything else that may be reached.
``fenced``
    Whether there is to be a fence at all.
``limit_s``
    When the program is ended in any case.

The fence is a network namespace without a way out. A listener inside is handed to this process
outside, which carries each connection to the one place it is for; into the clone's server only
sessions of the clone are let. Sockets in the file system, other processes and the rights to undo
all this are hidden or taken away.
"""
