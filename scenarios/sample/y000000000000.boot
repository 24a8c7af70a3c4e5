#!version:1.0.0.1
# The common boot file: every phone without a boot file of its own reads it.
# The files below are fetched from top to bottom. A later file overrides an earlier one.

# Settings of the whole office.
include:config <common.cfg>
# A relative URL, with a space in the folder's name.
include:config "Office Features/features.cfg"
# An absolute URL, here with another protocol.
include:config <@server@Phonebooks/phonebooks.cfg>
# The phone's own settings: it puts its MAC in the place of $(MA).
include:config <$(MA).cfg>
