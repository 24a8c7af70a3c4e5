package steps

// nouns are the steps of all features, a function for each noun that they are about.
var nouns = []func(catalogue){
	basicSteps,
	treeSteps,
	phoneSteps,
	missSteps,
	requestSteps,
	contentSteps,
	escapeSteps,
	manySteps,
	ownSteps,
	discoverySteps,
	pnpSteps,
	dhcpSteps,
	triggerSteps,
	checkSyncSteps,
	servedSteps,
	tftpSteps,
	ftpSteps,
	httpSteps,
	tlsSteps,
}
