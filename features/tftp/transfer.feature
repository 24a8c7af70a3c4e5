Feature: TFTP transfers

  @FIP-TFTP-001 @must @grade-A @needs-tftp
  Scenario: All packets of a transfer come from one port
    RFC 1350 §4: the ports chosen at its beginning identify a transfer; a packet from another port is "discarded as erroneously sent from somewhere else".
    Given a file of many blocks
    When it is read over TFTP
    Then every block came from the same port

  @FIP-TFTP-002 @should @grade-A @needs-tftp
  Scenario: A transfer has a port of its own
    RFC 1350 §4: "each end of the connection chooses a TID for itself, to be used for the duration of that connection".
    Given a file of several blocks
    When two phones begin to read it over TFTP
    Then they are answered from two ports, neither of them the one that was asked

  @FIP-TFTP-013 @should @grade-A @needs-tftp
  Scenario: The answer comes from the address that was asked
    RFC 1123 §2.3: "When the local host is multihomed, a UDP-based request/response application SHOULD send the response with an IP source address that is the same as the specific destination address of the UDP request datagram."
    A router that translates addresses, and many a phone, drops what another address sends.
    Given a file of several blocks
    When it is read over TFTP
    Then it came from the address that was asked

  @FIP-TFTP-003 @must @grade-A @needs-tftp
  Scenario: Blocks are numbered from 1 upwards
    RFC 1350 §5: "The block numbers on data packets begin with one and increase by one for each new block of data."
    Given a file of several blocks
    When it is read over TFTP
    Then its blocks were numbered 1, 2, 3 and so on

  @FIP-TFTP-004 @must @grade-A @needs-tftp
  Scenario: Without options no block is longer than 512 bytes
    RFC 1350 §5: "The data field is from zero to 512 bytes long."
    Given a file of several blocks
    When it is read over TFTP
    Then no block was longer than 512 bytes

  @FIP-TFTP-005 @must @grade-A @needs-tftp @needs-publish
  Scenario: A file that fills its last block ends with an empty one
    RFC 1350 §6: "The end of a transfer is marked by a DATA packet that contains between 0 and 511 bytes of data".
    Given a file of exactly two blocks
    When it is read over TFTP
    Then after its two blocks an empty one came

  @FIP-TFTP-006 @should @grade-A @needs-tftp
  Scenario: No block follows the one that ends the file
    RFC 1350 §2: "A data packet of less than 512 bytes signals termination of a transfer."
    Given a file of several blocks
    When it is read over TFTP by a phone that listens on
    Then no further block came after the last one

  @FIP-TFTP-007 @should @grade-A @needs-tftp
  Scenario: The mode's name may be in upper case
    RFC 1350 §5: 'The mode field contains the string "netascii", "octet", or "mail" (or any combination of upper and lower case ...)'.
    Given a file of several blocks
    When it is read over TFTP in mode "OCTET"
    Then it came as it does in mode "octet"

  @FIP-TFTP-008 @may @grade-A @needs-tftp
  Scenario: A request in mode netascii gets an answer
    RFC 1350 §1: "Three modes of transfer are currently supported"; netascii is one of them.
    Given a file of several blocks
    When it is asked for over TFTP in mode "netascii"
    Then an answer came, be it the file or an error

  @FIP-TFTP-009 @should @grade-B @needs-tftp
  Scenario: The first answer comes before the phone asks again
    RFC 1350 §2: who gets no answer "will timeout and may retransmit"; the phone does after 4.2 seconds (the guide's capture of DHCP option 66, frames 573 and 580).
    Given a file of several blocks
    When it is asked for over TFTP as phones ask
    Then the first answer came within 4.2 seconds

  @FIP-TFTP-015 @should @grade-B @needs-tftp
  Scenario: The answer for a missing file comes before the phone asks again
    RFC 1350 §2: who gets no answer "will timeout and may retransmit"; the phone does after 4.2 seconds (the guide's capture of DHCP option 66, frames 573 and 580), and asks for several files that may be missing.
    When a phone asks over TFTP for a file that is not there
    Then the first answer came within 4.2 seconds

  @FIP-TFTP-014 @should @grade-A @needs-tftp
  Scenario: The words of an ERROR end with a NUL
    RFC 1350 §5, figure 5-4: an ERROR packet is an opcode, a code, a text and a NUL; "Like all other strings, it is terminated with a zero byte."
    When a phone asks over TFTP for a file that is not there
    Then the text of its ERROR ends with a NUL

  @FIP-TFTP-010 @must @grade-A @needs-tftp
  Scenario: A request for a missing file that is repeated is answered again
    RFC 1350 §7: an ERROR "will not be retransmitted or acknowledged"; a phone that did not get it asks again from the same port (the guide's capture of DHCP option 66, frames 573 to 581).
    When a phone asks twice over TFTP, from one port, for a file that is not there
    Then it is told twice that the file is not there

  @FIP-TFTP-011 @should @grade-A @needs-tftp
  Scenario: An ERROR from the phone ends the transfer
    RFC 1350 §2: "Most errors cause termination of the connection."; §5: an ERROR packet "can be the acknowledgment of any other type of packet".
    Given a file of several blocks
    When a phone breaks its transfer off with ERROR 3
    Then no block came to the phone that broke off

  @FIP-TFTP-012 @should @grade-A @needs-tftp
  Scenario: Packets of a stranger do not disturb a transfer
    RFC 1350 §4: a packet from a wrong port is discarded "while not disturbing the transfer".
    Given a file of several blocks
    When it is read over TFTP while a stranger sends acknowledgements to the same port
    Then the file came whole, and nothing came unasked
