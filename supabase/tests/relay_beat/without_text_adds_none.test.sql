begin;
select plan(4);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.given_text('first', 'Once');

select is(tests.call_beat('first', 4, 4, '') -> 'stored', '{"first": 4}', 'an empty piece');
select is(tests.call_beat(array['first']) -> 'stored', '{"first": 4}', 'none at all');
select is(
  tests.call_beat(array['first'], starts => array[null::integer], ends => array[null::integer], texts => array[null])
    -> 'stored', '{"first": 4}', 'or an unknown one'
);
select is(count(*), 1::bigint, 'no row is added') from relay.chunks;

select * from finish();
rollback;
