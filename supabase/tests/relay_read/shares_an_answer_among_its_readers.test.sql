begin; select plan(7);
select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.given_generation('second', 'owner');
select tests.given_text('first', 'Once ', 'upon');
select tests.given_text('second', 'Twice');
savepoint start;

-- Shares an answer among its readers: those behind the first get what is left.
create temp table answers as select public.relay_read(array_fill(tests.id('owner'), array[4]),
  array['first', 'second', 'unknown', 'first'], array[2, 0, 0, 8], 8) as answer;
select is(jsonb_path_query_array(answer, '$[*].text'), '["ce upon", "T", null]', 'eight units in all') from answers;
select is(jsonb_path_query_array(answer, '$[*].more'), '[false, true, true]', 'and who is to ask again') from answers;
select is(jsonb_path_query_array(answer, '$[*].generation.status'), '["running", "running", "running"]',
  'each sees whether it runs') from answers;
update relay.generations set status = 'completed', finish_reason = 'stop', finished_at = clock_timestamp(), fence = null;
select tests.given_conversation('tale', 'owner');
select tests.given_message('stored', 'tale', null, false, 'Thrice', 'second');
select is(jsonb_agg(jsonb_build_array(view -> 'text', view -> 'more')),
  '[["hri", true], [null, true], [null, false]]', 'also of what has ended')
  from jsonb_array_elements(public.relay_read(array_fill(tests.id('owner'), array[3]),
    array['second', 'second', 'second'], array[1, 1, 6], 3)) as view;

rollback to start; -- Every cut of a text is its text, to the unit.
create temp table texts as select 'second' as stream_id,
  E'a\U0001F409\\360\U0001F98Aé漢\U000E0067\U0010FFFF\n' as content, 16 as units;
delete from relay.chunks where stream_id = 'second';
insert into relay.chunks select stream_id, 0, units, content from texts;
select is(sum(v.pairs), 4::bigint, 'four pairs') from texts, lateral (select relay.pairs_in(content) as pairs) v;
-- Each answer begins at its offset or, inside a pair, one before it; parts of two units or more put the text together.
select is_empty($$
  with recursive sizes as (select generate_series(2, 17) as size), parts as (
    select size, 0 as until, '' as text, true as more from sizes
    union all
    select p.size, (v.view ->> 'end')::integer, p.text || (v.view ->> 'text'), (v.view ->> 'more')::boolean
    from parts p cross join texts t,
      lateral (select relay.text_from(t.content, 0, p.until, p.size) as view) v
    where p.more and p.until < 99
  )
  select size from parts cross join texts where not more and (parts.text <> content or until <> units)
$$, 'parts of any size put the text together');
select is_empty($$
  select from_unit, view from texts, generate_series(0, units) as from_unit,
    lateral (select relay.text_from(content, 0, from_unit, 99) as view) v
  where from_unit - (view ->> 'start')::integer not in (0, 1)
    or (view ->> 'start')::integer + length(view ->> 'text') + relay.pairs_in(view ->> 'text') <> units
$$, 'from any offset the rest is whole');

select * from finish(); rollback;
