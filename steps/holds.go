package steps

import (
	"context"
	"fmt"
	"strings"

	"github.com/cucumber/godog"

	"github.com/fipsim/fipsim/simulator/config"
)

// itEndsHolding judges a whole pass by a table of setting and value, whatever went wrong
// in it: no other rule is blamed, as a rule that was made of a capture may stand alone.
func itEndsHolding(ctx context.Context, table *godog.Table) error {
	w := of(ctx)
	p, err := w.phone()
	if err != nil {
		return err
	}
	if len(table.Rows) < 2 || len(table.Rows[0].Cells) != 2 {
		return harness("want a table of setting and value")
	}
	if !p.outcome.OK() {
		return violated("the phone is provisioned", "the phone ended %s", p.ending())
	}
	var wrong []string
	for _, row := range table.Rows[1:] {
		key, want := row.Cells[0].Value, w.expand(row.Cells[1].Value)
		switch got, held := p.Settings().Get(key); {
		case held && got == want:
		case !held:
			wrong = append(wrong, fmt.Sprintf("%s: nothing instead of %q", key, config.Masked(key, want)))
		default:
			wrong = append(wrong, fmt.Sprintf("%s: %q instead of %q", key, config.Masked(key, got), config.Masked(key, want)))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	n := len(wrong)
	if n > mostDifferences {
		wrong = append(wrong[:mostDifferences], fmt.Sprintf("and %d more", n-mostDifferences))
	}
	return violated(fmt.Sprintf("the %d settings of the table", len(table.Rows)-1), "%d are otherwise: %s", n, strings.Join(wrong, "; "))
}
