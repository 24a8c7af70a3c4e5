Feature: FTP data connections

  @FIP-FTP-020 @must @grade-A @needs-ftp
  Scenario: There is a passive mode
    RFC 1123 §4.1.2.6: "A server-FTP MUST implement PASV."; phones ask for EPSV (RFC 2428) first, and for PASV where that is refused.
    Given a file of several blocks
    When a phone fetches it over FTP
    Then a port was named for the data connection

  @FIP-FTP-021 @should @grade-A @needs-ftp
  Scenario: The reply to EPSV has its form
    RFC 2428 §3: the text of a 229 reply ends in "(<d><d><d><tcp-port><d>)".
    Given a file of several blocks
    When a phone that is logged in sends "EPSV" over FTP
    Then the reply names a port as RFC 2428 has it, or refuses

  @FIP-FTP-022 @must @grade-A @needs-ftp
  Scenario: The data connection can be opened where the server says
    RFC 959 §4.1.2, PASV: it requests the server "to "listen" on a data port ... and to wait for a connection".
    Given a file of several blocks
    When a phone fetches it over FTP
    Then the data connection was opened at the port that was named

  @FIP-FTP-023 @should @grade-A @needs-ftp
  Scenario: The reply to PASV names an address at which the server is
    RFC 959 §4.1.2, PASV: "The response to this command includes the host and port address this server is listening on."
    Given a file of several blocks
    When a phone that is logged in sends "PASV" over FTP
    Then the reply names the address that the phone is connected to, or refuses

  @FIP-FTP-029 @should @grade-A @needs-ftp
  Scenario: A phone that knows PASV alone is given the file
    RFC 1123 §4.1.2.6: "A server-FTP MUST implement PASV."
    EPSV is of 1998; which of the two a phone sends, the guide does not say.
    Given a file of several blocks
    When a phone fetches it over FTP, and asks for PASV alone
    Then it came over FTP by PASV

  @FIP-FTP-024 @must @grade-A @needs-ftp
  Scenario: The beginning of a transfer is told
    RFC 959 §5.4: RETR is answered by 125 or 150 first.
    Given a file of several blocks
    When a phone fetches it over FTP
    Then its transfer began with 125 or 150

  @FIP-FTP-025 @must @grade-A @needs-ftp
  Scenario: The end of a file is the end of its data connection
    RFC 959 §3.4.1: in stream mode "the EOF is indicated by the sending host closing the data connection".
    Given a file of several blocks
    When a phone fetches it over FTP
    Then the server closed the data connection after the last byte

  @FIP-FTP-026 @must @grade-A @needs-ftp
  Scenario: A whole transfer is confirmed
    RFC 959 §5.4: after the transfer RETR is answered by 226 or 250; nothing else tells a whole file from one that broke off.
    Given a file of several blocks
    When a phone fetches it over FTP
    Then its transfer ended with 226 or 250

  @FIP-FTP-027 @should @grade-A @needs-ftp @needs-publish
  Scenario: A phone that breaks off a transfer can go on
    RFC 959 §5.4: a data connection that was closed in mid-transfer is answered by 426 or 451; the control connection stays.
    Given a file of several blocks
    When a phone closes the data connection in the middle of a file of 33 MiB, and fetches it in the same FTP session
    Then it came over FTP

  @FIP-FTP-028 @may @grade-C @needs-ftp
  Scenario: Where TLS is offered, a file comes over it
    RFC 4217 §4: a client that wants a secured session sends AUTH TLS, which is answered by 234 where it is offered.
    Given a file of several blocks
    When a phone fetches it over FTP with TLS
    Then it came over FTP, or TLS is not offered

  @FIP-FTP-030 @should @grade-A @needs-ftp @needs-publish @big
  Scenario: A transfer is not confirmed before its bytes have left
    RFC 959 §5.4: 226 or 250 is the completion reply of a transfer, and follows it; a phone that reads replies as they come takes the file for whole.
    Given a file of 33 MiB
    When a phone begins to fetch it over FTP, and reads none of it
    Then no reply tells that the transfer is complete
