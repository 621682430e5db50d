-- Where a text is cut: offsets are UTF-16 code units, as on the wire, and Postgres counts characters. A character beyond
-- the BMP is two units, a surrogate pair.

-- In UTF-8 it has four bytes, and only the first one is 0xF0 to 0xF4: \360 to \364 once escaped.
create function relay.pairs_in(content text) returns integer
language plpgsql immutable set search_path = '' as $$
declare
  v_escaped text;
begin
  if octet_length(content) < length(content) + 3 or content !~ '[\U00010000-\U0010FFFF]' then
    return 0;
  end if;
  v_escaped := encode(convert_to(replace(content, '\', '/'), 'UTF8'), 'escape');
  return (octet_length(v_escaped) - octet_length(replace(v_escaped, '\36', ''))) / 3;
end;
$$;
comment on function relay.pairs_in is 'How many characters are a surrogate pair in UTF-16.';

-- The first max_units characters have some units too many; without as many characters at their end they certainly fit,
-- and so do the first max_units / 2. Only the rest is counted again, which is short if pairs are few.
create function relay.characters_in(content text, max_units integer, out characters integer, out units integer)
language plpgsql immutable set search_path = '' as $$
declare
  v_rest text := left(content, max_units);
  v_count integer := length(v_rest);
  v_pairs integer := relay.pairs_in(v_rest);
  v_left integer := max_units;
  v_beyond integer;
begin
  characters := 0;
  while v_count + v_pairs > v_left and v_left > 1 loop
    v_beyond := least(v_count + v_pairs - v_left, v_count - v_left / 2);
    v_rest := right(v_rest, v_beyond);
    characters := characters + v_count - v_beyond;
    v_left := v_left - (v_count - v_beyond) - v_pairs;
    v_pairs := relay.pairs_in(v_rest);
    v_left := v_left + v_pairs;
    v_count := v_beyond;
    if v_count > v_left then
      v_rest := left(v_rest, v_left);
      v_count := v_left;
      v_pairs := relay.pairs_in(v_rest);
    end if;
  end loop;
  if v_count + v_pairs <= v_left then
    characters := characters + v_count;
    v_left := v_left - v_count - v_pairs;
  end if;
  units := max_units - v_left;
end;
$$;
comment on function relay.characters_in is 'How many whole characters fit into so many UTF-16 units, and their units.';

-- The text of a view. From an offset inside a pair, which no reader was sent, it begins with the whole character.
create function relay.text_from(content text, start_at integer, from_unit integer, max_units integer) returns jsonb
language plpgsql immutable set search_path = '' as $$
declare
  v_before record;
  v_found record;
  v_text text;
begin
  v_before := relay.characters_in(content, greatest(from_unit - start_at, 0));
  v_text := substr(content, v_before.characters + 1, max_units);
  v_found := relay.characters_in(v_text, max_units);
  return jsonb_build_object(
    'start', start_at + v_before.units, 'end', start_at + v_before.units + v_found.units,
    'text', left(v_text, v_found.characters),
    'more', v_before.characters + v_found.characters < length(content)
  );
end;
$$;
comment on function relay.text_from is
  'At most so many UTF-16 units from an offset on, of a content that begins at start_at.';
