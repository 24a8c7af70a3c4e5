Feature: What a TFTP server bears

  @FIP-TFTP-050 @must @grade-B @needs-tftp @needs-intrusive @alone
  Scenario: Phones that vanish during a transfer do not exhaust the server
    RFC 1350 §7: "Timeouts must also be used to detect errors": a transfer whose phone is gone ends in the end, and until then costs no other phone its file.
    Given a file of several blocks
    When 32 phones begin to read it over TFTP and are never heard of again
    Then another phone is still served over TFTP

  @FIP-TFTP-051 @must @grade-B @needs-tftp @needs-intrusive @alone
  Scenario: Malformed requests do not stop the server
    RFC 1350 §5: a request is an opcode, a file name, a NUL, a mode and a NUL; what is none gets ERROR 4 (appendix I), or silence.
    Given a file of several blocks
    When malformed read requests are sent over TFTP
    Then another phone is still served over TFTP

  @FIP-TFTP-052 @must @grade-B @needs-tftp @needs-intrusive @alone
  Scenario: Packets that are no request do not stop the server
    RFC 1350 §4: requests alone go to the server's well-known port; whatever else arrives there belongs to no transfer.
    Given a file of several blocks
    When packets that are no request are sent to the TFTP port
    Then another phone is still served over TFTP

  @FIP-TFTP-053 @should @grade-A @needs-tftp @needs-publish @needs-intrusive @last
  Scenario: Nobody can write over a phone's file
    RFC 1350, "Security Considerations": "TFTP is often installed with controls such that only files that have public read access are available via TFTP and writing files via TFTP is disallowed."
    Given the server publishes
      | file      | content           |
      | <mac>.cfg | lang.gui=<canary> |
    When somebody writes over "<mac>.cfg" by TFTP
    And "<mac>.cfg" is requested
    Then what comes is what is published as "<mac>.cfg"
