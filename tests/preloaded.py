"""The last that forked processes begin with: the Faust apps, and memory that stays shared."""

import asyncio
import gc

import uvloop

uvloop.install()  # as the apps themselves do before they import Faust
import stream_apps.run  # noqa: E402, F401

asyncio.set_event_loop_policy(None)  # who is forked chooses again
gc.collect()
gc.freeze()  # no collection in a forked process walks through what was imported, and so copies it
