begin;
select plan(5);

select tests.make_user('owner');
select tests.given_generation(stream_id, 'owner') from unnest(array['behind', 'first', 'later', 'silent']) as stream_id;
select tests.given_text('later', 'Then');
select tests.given_text('behind', 'Then');

select is(
  tests.call_beat(
    array['silent', 'later', 'unknown', 'behind', 'first'],
    starts => array[0, 4, 0, 0, 0], ends => array[0, 9, 4, 4, 4], texts => array['', ' came', 'What', 'Then', 'Once']
  ),
  '{
    "lost": ["unknown"], "stored": {"behind": 4, "first": 4, "later": 9, "silent": 0}, "cancelled": []
  }',
  'each is answered by its name'
);
select is(relay.text_of('first'), 'Once', 'the piece of the first');
select is(relay.text_of('later'), 'Then came', 'the piece of another one, behind its own text');
select is(relay.text_of('behind'), 'Then', 'what was there is not there twice');
select is_empty($$ select 1 from relay.chunks where stream_id = 'silent' $$, 'nothing of who said nothing');

select * from finish();
rollback;
