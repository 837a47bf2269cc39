package jsonscan

import "encoding/json"

// Unmarshal decodes one record as encoding/json does; where that fails, it
// tries again without the commas that some producers leave before a closing
// bracket.
func Unmarshal(record []byte, into any) error {
	err := json.Unmarshal(record, into)
	if err == nil {
		return nil
	}
	cleaned, changed := dropCommas(record)
	if !changed {
		return plain(err)
	}
	if json.Unmarshal(cleaned, into) == nil {
		return nil
	}
	return plain(err)
}

// dropCommas returns record without commas that stand before a closing bracket.
func dropCommas(record []byte) (cleaned []byte, changed bool) {
	cleaned = make([]byte, 0, len(record))
	for i := 0; i < len(record); {
		switch record[i] {
		case '"':
			end, _ := stringEnd(record, i)
			cleaned = append(cleaned, record[i:end]...)
			i = end
			continue
		case ',':
			next := Space(record, i+1)
			if next < len(record) && (record[next] == ']' || record[next] == '}') {
				changed = true
				i = next
				continue
			}
		}
		cleaned = append(cleaned, record[i])
		i++
	}
	return cleaned, changed
}
