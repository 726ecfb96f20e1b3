#!/bin/sh
# t/47-stages-kill.t at every place.
STAGE_KILLS_EVERY=1
export STAGE_KILLS_EVERY
exec sh "${0%/*}/../47-stages-kill.t"
