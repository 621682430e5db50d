begin;
select plan(2);

select tests.make_user('owner');
select tests.given_generation('late', 'owner');
select tests.back_date('late', interval '20 seconds');

select is(
  tests.call_beat(array['late']), '{"lost": [], "stored": {"late": 0}, "cancelled": []}',
  'what nobody has closed is still its worker''s'
);
select ok(lease_expires_at > clock_timestamp(), 'the lease is good again') from relay.generations;

select * from finish();
rollback;
