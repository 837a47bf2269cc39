#!/usr/bin/env python3
"""A sample driver for Drover, in Python: it moves an application's folder.

    folder.py ROOT

ROOT/SERVER/REPLICA is a replica's folder on a server, and the link
ROOT/REPLICA.current points to the one that is served. Whoever writes holds a
shared lock on ROOT/REPLICA.lock; the hand-over holds it alone, so that the last
pass copies everything that was acknowledged. A "/" in a replica's name is "@".

Every command looks at what is there and goes on from it, so that one given
again, or after a kill at any point, ends in the same place. A replica has one
command at a time: what a former owner has begun ends before another begins. The protocol is
described in docs/executor.md; `drover driver test --exec 'folder.py ROOT'
--replica app/0` checks a driver.
"""
import contextlib
import datetime
import fcntl
import json
import os
import shutil
import sys
import time

STEPS = ["admit", "provision", "replicate", "catch-up", "cut-over", "watch", "retire", "reverse-cut-over",
         "stop-catch-up", "discard-replica", "deprovision", "release-admission"]
UNDER_WAY = ".drover-copy"


class Failure(Exception):
    """A command that can't be carried out; its text is the reason."""


class Move:
    """One command about a replica's two folders."""

    def __init__(self, root, command):
        name = command["replica"].replace("/", "@")
        self.step = command["step"]
        self.current = os.path.join(root, name + ".current")
        self.lock = os.path.join(root, name + ".lock")
        self.busy = os.path.join(root, name + ".busy")
        self.source = os.path.join(root, command["from"], name)
        self.target = os.path.join(root, command["to"], name)
        deadline = command["deadline"].replace("Z", "+00:00")
        self.deadline = datetime.datetime.fromisoformat(deadline).timestamp()

    def perform(self):
        """Carries the command out."""
        actions = {
            "admit": lambda: self.need(self.source),
            "provision": lambda: os.makedirs(self.target, exist_ok=True),
            "replicate": self.replicate,
            "catch-up": self.replicate,
            "cut-over": lambda: self.hand_over(self.source, self.target),
            "watch": lambda: self.need(self.target),
            "retire": lambda: self.remove(self.source, self.target),
            "reverse-cut-over": lambda: self.hand_over(self.target, self.source),
            "stop-catch-up": lambda: self.need(self.source),
            "discard-replica": lambda: self.remove(self.target, self.source),
            "deprovision": lambda: self.remove(self.target, self.source),
            "release-admission": lambda: None,
        }
        if self.step not in actions:
            raise Failure("no such step: " + self.step)
        with self.alone(self.busy):
            actions[self.step]()

    def in_time(self):
        """Nothing is done after the deadline: somebody else may be at work."""
        if time.time() >= self.deadline:
            raise Failure("the deadline has passed")

    @contextlib.contextmanager
    def alone(self, path):
        """Holds a lock; death lets go of it."""
        with open(path, "a") as lock:
            while True:
                self.in_time()
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.001)
            yield

    def serves(self, folder):
        """Tells whether a folder is the one that is served."""
        return os.path.realpath(self.current) == os.path.realpath(folder)

    def need(self, folder):
        if not self.serves(folder):
            raise Failure(f"{folder} isn't served")

    def replicate(self):
        self.need(self.source)
        self.copy(self.source, self.target)

    def copy(self, source, target):
        """Makes the target's files the source's; each is whole or not there."""
        os.makedirs(target, exist_ok=True)
        names = [name for name in os.listdir(source) if not name.endswith(UNDER_WAY)]
        for name in names:
            self.in_time()
            fresh = os.path.join(target, name + UNDER_WAY)
            shutil.copyfile(os.path.join(source, name), fresh)
            os.replace(fresh, os.path.join(target, name))
        for name in set(os.listdir(target)) - set(names):
            os.remove(os.path.join(target, name))

    def hand_over(self, source, target):
        """Copies what is left while nobody writes, then serves the target."""
        if self.serves(target):
            return
        self.need(source)
        with self.alone(self.lock):
            self.copy(source, target)
            self.in_time()
            fresh = self.current + UNDER_WAY
            if os.path.lexists(fresh):
                os.remove(fresh)
            os.symlink(target, fresh)
            os.replace(fresh, self.current)

    def remove(self, goes, stays):
        """Deletes a folder that isn't served, once the other one is."""
        self.need(stays)
        if os.path.exists(goes):
            shutil.rmtree(goes)


def answer(root, request):
    """Returns the answer to one request."""
    if request.get("version") != 1:
        raise Failure("this driver speaks version 1")
    method = request.get("method")
    if method == "capabilities":
        return {"capabilities": {"name": "folder", "steps": STEPS, "writes": True}}
    if method == "status":  # it remembers nothing: performing again ends in the same place
        return {"status": {"state": "unknown"}}
    if method == "perform":
        Move(root, request["command"]).perform()
        return {}
    raise Failure(f"no such method: {method}")


def main():
    try:
        result = answer(sys.argv[1], json.load(sys.stdin))
        result.update(version=1, ok=True)
    except (Failure, OSError, KeyError, ValueError, IndexError) as failure:
        result = {"version": 1, "ok": False, "error": str(failure) or type(failure).__name__}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
