package config

// What findings say where it is always the same: what it is, what the phone makes of
// it, and what to do.
const (
	textBOM = "byte-order mark before the first line, read as if it weren't there, which a phone may not do: " +
		"save the file as UTF-8 without BOM"
	textCRLF = "CR LF line ends, read as LF, but some firmware takes the CR for a part of the value: " +
		"save the file with Unix line ends"
	textCR      = "CR inside the line, which is no line end for a phone: save the file with Unix line ends"
	textControl = "line with a control character, skipped: delete the character"
	textNoBreak = "no-break or zero-width space, which looks like a blank but is a part of the setting for a " +
		"phone: type a plain space, or none"
	textNotUTF8   = "not UTF-8 (Latin-1?), shown wrongly on the phone: save the file as UTF-8"
	textTrailing  = "blanks after the value, cut here, but some firmware takes them for a part of it (of a password, say): delete them"
	textQuoted    = " has its value in quotation marks, kept here as a part of it, as the guide has none: delete them"
	textNotCfg    = "neither comment nor KEY=VALUE, skipped: write KEY=VALUE on one line, or begin the line with #"
	textNotBoot   = "neither comment nor include, skipped: a boot file is made of lines like include:config <NAME.cfg>"
	textNotClosed = "include without a closed <NAME.cfg> or \"NAME.cfg\", skipped: write include:config <NAME.cfg>"
	textAfter     = "text after an include, ignored: a comment needs a line of its own that begins with #"
	textIncludes  = "more than one include on this line; all are read here, but a phone may stop after the first: " +
		"give each a line of its own"
	textNoInclude = "the boot file names no cfg file, and a phone that finds it looks for no other: " +
		"add include:config <NAME.cfg>, or delete the file"
	textModel = "not a model that the guide lists, so that its accounts are not checked against a range: set the option accounts"
	textMore  = "more findings of this kind in this file"
)
