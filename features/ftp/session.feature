Feature: FTP sessions

  @FIP-FTP-001 @must @grade-A @needs-ftp
  Scenario: A phone that connects is greeted
    RFC 959 §5.4: "Under normal circumstances, a server will send a 220 reply, "awaiting input", when the connection is completed."; 120 may come before it.
    Given a file of several blocks
    When a phone connects over FTP
    Then it is greeted with 220

  @FIP-FTP-002 @must @grade-A @needs-ftp
  Scenario: A phone can log in
    RFC 959 §5.4: USER is answered by 230, or by 331 and then PASS by 230 or 202.
    Given a file of several blocks
    When a phone logs in over FTP
    Then the login is accepted

  @FIP-FTP-003 @must @grade-A @needs-ftp
  Scenario: The image type is there
    RFC 959 §3.1.1.3: "It is recommended that this type be accepted by all FTP implementations."
    Given a file of several blocks
    When a phone that is logged in sends "TYPE I" over FTP
    Then it is answered by a reply of "200"

  @FIP-FTP-004 @should @grade-C @needs-ftp
  Scenario: A session outlives FEAT
    RFC 2389 §3.2: a server that does not know FEAT answers with an error reply, 500 or 502; clients ask it first of all.
    Given a file of several blocks
    When a phone that is logged in sends "FEAT" over FTP
    Then it is answered, and the session goes on

  @FIP-FTP-005 @should @grade-A @needs-ftp
  Scenario: A session ends with a good-bye
    RFC 959 §5.4: QUIT is answered by 221.
    Given a file of several blocks
    When a phone that is logged in sends "QUIT" over FTP
    Then it is answered by a reply of "221"

  @FIP-FTP-006 @should @grade-C @needs-ftp
  Scenario: One session serves several files
    RFC 959 §4.1.1, QUIT: it "terminates a USER and if file transfer is not in progress, the server closes the control connection"; without it a session goes on.
    Given a file of several blocks
    When a phone fetches it three times in one FTP session
    Then each time it came over FTP

  @FIP-FTP-007 @should @grade-C @needs-ftp
  Scenario: A session outlives a file that is missing
    RFC 959 §5.4: RETR of a missing file is answered by 550, a "permanent negative completion" of that command alone (§4.2).
    Given a file of several blocks
    When a phone asks for a file that is missing, and then for it, in one FTP session
    Then it came over FTP

  @FIP-FTP-008 @must @grade-B @needs-ftp @first
  Scenario: A session in which nothing happens keeps no other phone waiting
    RFC 959 §2.3: each user has a control connection of his own; a phone keeps its session open while it works on what it got.
    Given a file of several blocks
    When a phone fetches it over FTP while another is logged in and says nothing
    Then it came over FTP

  @FIP-FTP-009 @must @grade-B @needs-ftp
  Scenario: The size that is told is the file's
    RFC 3659 §4: SIZE tells "the exact number of octets ... that would be transmitted over the data connection should that file be transmitted"; who asks for it first, as libcurl does, takes a file of another size for one that broke off.
    Given a file of several blocks
    When a phone that is logged in asks for its size over FTP
    Then the size that was told over FTP is that of the file

  @FIP-FTP-010 @should @grade-A @needs-ftp @last
  Scenario: A phone that changes into the file's folder is given the file
    RFC 1123 §4.1.2.13: CWD is among the commands that "MUST be supported by every server-FTP"; RFC 1738 §3.2.2 has clients change into each folder of a URL's path.
    Given a file of several blocks
    When a phone changes into its folder over FTP, and fetches it by its name
    Then it came over FTP

  @FIP-FTP-011 @should @grade-A @needs-ftp @last
  Scenario: What another session sets does not count for this one
    RFC 959 §2.3: each user has a control connection of his own; its folder (§4.1.1, CWD) and its type (§3.1.1) are those of that session.
    Given a file of several blocks
    When a phone changes into its folder over FTP, and another session asks for TYPE A and another folder
    Then it came over FTP

  @FIP-FTP-012 @should @grade-A @needs-ftp
  Scenario: A command in small letters is that command
    RFC 959 §5.3: "Upper and lower case alphabetic characters are to be treated identically."
    Given a file of several blocks
    When a phone that is logged in sends "type i" over FTP
    Then it is answered by a reply of "200"

  @FIP-FTP-013 @should @grade-A @needs-ftp
  Scenario: Every line of a reply ends with CR LF
    RFC 959 §4.2: a reply is a code and text, "terminated by the Telnet end-of-line code", which is CR LF.
    Given a file of several blocks
    When a phone logs in over FTP
    Then every line of the replies ended with CR LF
