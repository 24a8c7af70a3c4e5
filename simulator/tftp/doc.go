// Package tftp reads and writes TFTP packets: RRQ, WRQ, DATA, ACK, ERROR (RFC 1350) and
// OACK (RFC 2347) with the options blksize (RFC 2348), timeout and tsize (RFC 2349);
// windowsize (RFC 7440) is known by name and never asked for.
//
// It knows bytes only: no sockets, no timers, no rule of who may send what when. Where
// real servers break the form harmlessly, Parse reads the packet all the same and says
// so in Packet.Padding and Packet.Unterminated.
package tftp
