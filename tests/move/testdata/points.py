"""Runs a driver's program (argv[2], with the arguments behind it) and waits at
each of its acts until the socket argv[1] lets it go on: tests kill it there."""
import os
import runpy
import signal
import socket
import sys

ACTS = {"os.mkdir", "os.rename", "os.symlink", "os.remove", "shutil.copyfile", "shutil.rmtree", "fcntl.flock"}
line = socket.socket(socket.AF_UNIX)
line.connect(sys.argv[1])


def stop(event, _):
    if event in ACTS:
        line.sendall(event.encode() + b"\n")
        if not line.recv(1):  # nobody is there to let it go on
            os.kill(os.getpid(), signal.SIGKILL)


sys.argv = sys.argv[2:]
sys.addaudithook(stop)
runpy.run_path(sys.argv[0], run_name="__main__")
