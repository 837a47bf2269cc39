// Package traceroute reads the text that traceroute prints on Linux, BSD and
// macOS, and tracert on Windows, one trace or several one after the other.
//
// Windows writes in the user's language and often in code page 1252 or, from
// PowerShell, UTF-16; lines are therefore told apart by their numbers and
// addresses, not by words. Its "<1 ms" is below one millisecond and is taken as
// a half.
//
// Files: parse.go finds traces and their lines, unix.go and windows.go read a
// hop's line, text.go brings the bytes to UTF-8.
package traceroute
