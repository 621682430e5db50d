begin; select plan(11);
select tests.make_user('owner');
select tests.given_generation('first', 'owner');
savepoint start;

-- Takes no chunk that begins elsewhere.
select tests.given_text('first', 'Once', ' upon');
select tests.back_date('first', interval '10 seconds');
select is(tests.call_beat('first', start_at, start_at + 5, 'twice'),
  '{"lost": [], "stored": {"first": 9}, "cancelled": []}',
  'not at ' || start_at || ', and the answer says where the text ends') from unnest(array[0, 4, 8, 10]) as start_at;
select is(relay.text_of('first'), 'Once upon', 'the text is what it was');
select ok(lease_expires_at > clock_timestamp() + interval '12 seconds', 'the lease is renewed all the same')
  from relay.generations;
select is(tests.call_beat('first', 9, 16, ' a time') -> 'stored', '{"first": 16}', 'the next beat brings the rest');

rollback to start; -- Without text adds none.
select tests.given_text('first', 'Once');
select is(tests.call_beat('first', 4, 4, '') -> 'stored', '{"first": 4}', 'an empty chunk');
select is(tests.call_beat(array['first']) -> 'stored', '{"first": 4}', 'none at all');
select is(
  tests.call_beat(array['first'], starts => array[null::integer], ends => array[null::integer], texts => array[null])
  -> 'stored', '{"first": 4}', 'or an unknown one');
select is(count(*), 1::bigint, 'no row is added') from relay.chunks;

select * from finish(); rollback;
