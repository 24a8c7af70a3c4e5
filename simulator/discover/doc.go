// Package discover is how a phone learns its provisioning server's address: SIP PnP
// (PnP), DHCP option 66 (DHCP), or a URL that somebody typed in (Static). Each way is
// a Finder; the phone asks them in the order of its option source_order.
package discover
