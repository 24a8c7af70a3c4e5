package steps

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fipsim/fipsim/simulator/config"
)

// contentSteps are those about the bytes of files.
func contentSteps(sc catalogue) {
	sc.Given(`^the server publishes (a .+)$`, theServerPublishesSample)
	sc.When(`^that file is requested$`, thatFileIsRequested)
	sc.When(`^it is requested once more$`, itIsRequestedOnceMore)
	sc.Then(`^it comes$`, itComes)
	sc.Then(`^it comes as it is published$`, itComesAsPublished)
	sc.Then(`^its bytes are those that were published$`, itsBytes)
	sc.Then(`^the same comes as before$`, theSameComes)
	sc.Then(`^its placeholders are as published$`, itsPlaceholders)
	sc.Then(`^its long line is in one piece$`, itsLongLine)
	for words, kinds := range map[string][]difference{
		"no piece of it is missing":                         {cutShort, linesGone},
		"nothing is added to it":                            {added},
		"its characters are encoded as published":           {reencoded},
		"no byte order mark is added to it or taken away":   {marked},
		"its lines end as published":                        {lineEnds},
		"it is not compressed":                              {compressed},
		"its pieces are in order":                           {reordered},
		"its lines are in order":                            {reordered},
		"no line of it is left out":                         {linesGone},
		"its white space is as published":                   {whiteSpace, linesGone},
		"none of its characters is replaced by HTML entity": {escaped},
	} {
		sc.Then("^"+words+"$", func(ctx context.Context) error { return of(ctx).hasNot(words, kinds) })
	}
}

func theServerPublishesSample(ctx context.Context, phrase string) error {
	w := of(ctx)
	if err := w.stands(ctx); err != nil {
		return err
	}
	s, err := sampleCalled(phrase)
	if err != nil {
		return err
	}
	return w.settle(ctx, s)
}

// settle makes the place of all samples this scenario's, with one sample in view.
func (w *world) settle(ctx context.Context, s sample) error {
	place, err := w.place(ctx, "samples")
	if err != nil {
		return err
	}
	if place == nil {
		return harness("the target cannot publish")
	}
	w.published, w.base, w.sample = place, place.Base(w.scheme), s
	if w.base == nil {
		return harness("the target named no base URL for %s", w.scheme)
	}
	return nil
}

func thatFileIsRequested(ctx context.Context) error {
	w := of(ctx)
	a, err := w.fetchSample(ctx, w.sample)
	if err == nil {
		w.note(a)
	}
	return err
}

// fetchSample asks for a sample, once in a run over each protocol.
func (w *world) fetchSample(ctx context.Context, s sample) (*answer, error) {
	return share(&w.suite.shared, s.name+" over "+w.scheme, func() (*answer, error) {
		a, err := w.request(ctx, config.Join(w.base, s.name), w.patience(1))
		if err != nil || a.fault != nil {
			return a, err
		}
		published := sampleBodies()[s.name]
		if a.how = classify(published, a.body, a.coding); a.how == identical {
			a.body = published // so that what is big is held only once
		}
		return a, nil
	})
}

func itIsRequestedOnceMore(ctx context.Context) error {
	w := of(ctx)
	a, err := w.request(ctx, config.Join(w.base, w.sample.name), w.patience(1))
	if err == nil {
		w.note(a)
	}
	return err
}

// hasNot judges one kind of difference; another kind is another rule's.
func (w *world) hasNot(words string, kinds []difference) error {
	a := w.answer
	switch {
	case a.fault != nil:
		return blocked("%s did not come: %s", a.name, a)
	case slices.Contains(kinds, a.how):
		return differs(a.name+": "+words, "it came with %s: %s", a.how, firstDifference(sampleBodies()[a.name], a.body))
	}
	return nil
}

// itsBytes judges whether a file came with other bytes: changed where they stand, or
// changed only in such a file, so that no other rule can tell how.
func itsBytes(ctx context.Context) error {
	w := of(ctx)
	a := w.answer
	switch {
	case a.fault != nil:
		return blocked("%s did not come: %s", a.name, a)
	case a.how == identical:
		return nil
	case a.how != otherChange && strings.HasPrefix(a.name, "size-"):
		return blocked("it came with %s, which other rules tell", a.how)
	case a.how != otherChange:
		if err := w.faithful(ctx); err != nil {
			return err
		}
		ordinary, err := sampleCalled("a file of 513 bytes")
		if err != nil {
			return err
		}
		if o, err := w.fetchSample(ctx, ordinary); err != nil || o.how != identical {
			return cmp.Or(err, blocked("%s is altered too", ordinary.name))
		}
	}
	return differs("every byte of "+a.name, "it came with %s: %s", a.how, firstDifference(sampleBodies()[a.name], a.body))
}

// itComes judges whether a sample is served: that the shortest one is there is a
// question of names.
func itComes(ctx context.Context) error {
	w := of(ctx)
	if !w.answer.missing() {
		return itIsServed(ctx)
	}
	shortest, err := sampleCalled("a file of 1 byte")
	if err != nil {
		return err
	}
	one, err := w.fetchSample(ctx, shortest)
	if err != nil {
		return err
	}
	if one.missing() {
		return blocked("not even %s is there: %s", one.name, one)
	}
	return itIsServed(ctx)
}

// itComesAsPublished judges a big file as a whole: that smaller ones come is what other
// rules say.
func itComesAsPublished(ctx context.Context) error {
	w := of(ctx)
	smaller, err := sampleCalled("a file of 1 MiB")
	if err != nil {
		return err
	}
	one, err := w.fetchSample(ctx, smaller)
	if err != nil {
		return err
	}
	a := w.answer
	switch {
	case a.fault == nil && a.how == identical:
		return nil
	case one.fault != nil || one.how != identical:
		return blocked("not even %s comes as it is published", one.name)
	case a.fault != nil:
		return violated("the file "+a.name, "%s", a)
	default:
		return differs("the file "+a.name, "it came with %s: %s", a.how, firstDifference(sampleBodies()[a.name], a.body))
	}
}

func theSameComes(ctx context.Context) error {
	w := of(ctx)
	first, second := w.asked[len(w.asked)-2], w.asked[len(w.asked)-1]
	switch {
	case first.fault != nil:
		return blocked("%s did not come: %s", first.name, first)
	case second.fault != nil:
		return violated("the file "+second.name+" once more", "%s", second)
	case !bytes.Equal(first.body, second.body):
		return differs("the file "+second.name+" once more", "another came: %s", firstDifference(first.body, second.body))
	}
	return nil
}

// itsPlaceholders looks for each of them alone, so that other changes of the file are
// other rules'.
func itsPlaceholders(ctx context.Context) error {
	w := of(ctx)
	a := w.answer
	if a.fault != nil {
		return blocked("%s did not come: %s", a.name, a)
	}
	if err := w.faithful(ctx); err != nil {
		return err
	}
	for _, p := range placeholders {
		if !bytes.Contains(a.body, []byte(p)) {
			return differs("the text "+p+" as it was published", "it is not there: %s",
				firstDifference(sampleBodies()[a.name], a.body))
		}
	}
	return nil
}

// itsLongLine looks for the line alone, so that other changes of the file are other
// rules'.
func itsLongLine(ctx context.Context) error {
	w := of(ctx)
	a := w.answer
	if a.fault != nil {
		return blocked("%s did not come: %s", a.name, a)
	}
	if a.how == reordered {
		return blocked("it came with %s, which other rules tell", a.how)
	}
	if err := w.faithful(ctx); err != nil {
		return err
	}
	if !bytes.Contains(a.body, []byte("\n"+longLine+"\n")) {
		return differs(fmt.Sprintf("a line of %d characters in one piece", len(longLine)), "it is not there: %s",
			firstDifference(sampleBodies()[a.name], a.body))
	}
	return nil
}
