"""A PostgreSQL of the harness's own, to kill and to stop: never the machine's."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port

DEBIAN = "/usr/lib/postgresql"
USER = "postgres"
START_SECONDS = 60
CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
fsync = on
synchronous_commit = on
full_page_writes = on
max_connections = 60
shared_buffers = 32MB
"""


class NoPostgresError(RuntimeError):
    """PostgreSQL's programs are not on this machine."""


def binaries() -> Path:
    """Folder of initdb, pg_ctl and postgres, the newest of them.

    Raises:
        NoPostgresError: there is none.
    """
    newest = sorted(Path(DEBIAN).glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = newest[-1] if newest else shutil.which("initdb")
    if found is None:
        raise NoPostgresError(f"no initdb in {DEBIAN}/*/bin or PATH: install postgresql")
    return Path(found).parent


@dataclass(frozen=True)
class Cluster:
    """A cluster in a folder, on a port of its own."""

    folder: Path
    port: int
    programs: Path

    @property
    def data(self) -> Path:
        """Where it keeps its files."""
        return self.folder / "data"

    def url(self, database: str) -> str:
        """The address of a database in it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def database(self, name: str) -> str:
        """A new database's address."""
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, name)
        return self.url(name)

    def start(self) -> None:
        """Start it and wait until it takes connections.

        After a kill the old processes may hold their shared memory for a moment; so this tries
        again until they are gone.
        """
        deadline = time.monotonic() + START_SECONDS
        while self._start().returncode:
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL does not start; see {self.folder / 'log'}")
            time.sleep(0.1)

    def _start(self) -> subprocess.CompletedProcess[bytes]:
        log = ["-l", str(self.folder / "log")]
        return self.run("pg_ctl", "start", "-D", str(self.data), *log, "-w", check=False)

    def stop(self, mode: str = "fast") -> None:
        """End it. mode: `fast` or `immediate`, which is a crash."""
        self.run("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w", check=False)

    def kill(self) -> int:
        """SIGKILL to the postmaster, whose children then end by themselves; its pid."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        return postmaster

    def run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run one of PostgreSQL's programs, as somebody who is not root: it demands that."""
        with (self.folder / "programs.log").open("ab") as said:
            done = subprocess.run(
                [*as_owner(), str(self.programs / program), *arguments],
                check=False,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        if check and done.returncode:
            told = (self.folder / "programs.log").read_text(errors="replace")
            raise RuntimeError(f"{program}: exit code {done.returncode}: {told[-2000:]}")
        return done


def as_owner() -> Sequence[str]:
    """Return the command prefix that runs a command as the cluster's owner."""
    return ["runuser", "-u", USER, "--"] if os.geteuid() == 0 else []


@contextmanager
def cluster(kept: Path) -> Iterator[Cluster]:
    """A cluster that runs while the block does, stopped and gone afterwards.

    Its folder is one that its owner can reach. kept: gets its log.

    Raises:
        NoPostgresError: the programs, or a user to run them as, are not there.
    """
    made = Cluster(Path(tempfile.mkdtemp(prefix="pg-")), free_port(), binaries())
    try:
        if os.geteuid() == 0:
            owner = _owner()
            os.chown(made.folder, owner.pw_uid, owner.pw_gid)
        made.run("initdb", "-D", str(made.data), "-A", "trust", "-U", USER, "-E", "UTF8", "-N")
        with (made.data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(port=made.port, folder=made.folder))
        made.start()
        yield made
    finally:
        made.stop("immediate")
        with suppress(FileNotFoundError):
            shutil.copy(made.folder / "log", kept / "postgres.log")
        shutil.rmtree(made.folder, ignore_errors=True)


def _owner() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError as error:
        raise NoPostgresError(f"no user {USER!r} to run PostgreSQL as: install it") from error
