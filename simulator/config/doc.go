// Package config reads what a provisioning server hands to a phone: boot files and
// cfg files with file and line for every entry, their merge with a history for every
// setting, the meaning of the settings a phone acts on, URLs as a phone reads them,
// and findings: what a phone would suffer from without a word.
//
// It is pure: no files, no sockets, no clock. Line numbers are 1-based; line 0 is the
// file as a whole.
package config
