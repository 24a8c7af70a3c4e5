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
