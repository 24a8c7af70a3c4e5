Feature: What an FTP server bears and refuses

  @FIP-FTP-040 @must @grade-B @needs-ftp @needs-intrusive @alone
  Scenario: Phones that vanish from their sessions do not exhaust the server
    RFC 959 §4.1.1, QUIT: "An unexpected close on the control connection will cause the server to take the effective action of an abort (ABOR) and a logout (QUIT)."
    Given a file of several blocks
    When 16 phones log in over FTP, ask for a data connection each, and vanish
    Then another phone is still served over FTP

  @FIP-FTP-041 @must @grade-B @needs-ftp @needs-intrusive @alone
  Scenario: Malformed commands do not stop the server
    RFC 959 §4.2: what is no command is answered by 500, what has wrong arguments by 501.
    Given a file of several blocks
    When malformed commands are sent over FTP
    Then another phone is still served over FTP

  @FIP-FTP-042 @must @grade-A @needs-ftp @needs-credentials
  Scenario: No file comes before the login
    RFC 959 §5.4: RETR without a login is answered by 530.
    Given a file that asks for a password
    When it is asked for over FTP without a login
    Then it is refused over FTP

  @FIP-FTP-043 @must @grade-A @needs-ftp @needs-credentials @needs-intrusive
  Scenario Outline: A wrong password is refused: <wrong>
    RFC 959 §5.4: PASS with a wrong password is answered by 530.
    Given a file that asks for a password
    When it is asked for over FTP with <wrong>
    Then it is refused over FTP

    Examples:
      | wrong                                                  |
      | a wrong password                                       |
      | the right password in capitals where it has small ones |
      | no password                                            |

  @FIP-FTP-045 @must @grade-A @needs-ftp @needs-credentials @needs-intrusive
  Scenario: Whose password was refused is not logged in
    RFC 959 §5.4: PASS with a wrong password is answered by 530, "Not logged in", and so is RETR after it.
    Given a file that asks for a password
    When it is asked for over FTP all the same after a wrong password was refused
    Then it is refused over FTP

  @FIP-FTP-044 @must @grade-A @needs-ftp @needs-credentials @needs-intrusive
  Scenario: Where a password is asked for, "anonymous" has no part in the files
    RFC 959 §4.1.1, USER: "The user identification is that which is required by the server for access to its file system."
    Given a file that asks for a password
    When it is asked for over FTP by "anonymous"
    Then it is refused over FTP
