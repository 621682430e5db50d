begin;
select plan(4);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');
select tests.given_generation('generation-' || n, 'owner') from generate_series(1, 3) as n;
select is(tests.call_begin('owner', 'new') ->> 'code', 'too_many_streams', 'three that run are the limit');

select tests.back_date('generation-1', interval '16 seconds');
select is(
  tests.call_begin('owner', 'new') ->> 'outcome', 'admitted', 'one whose lease ran out leaves its place to another'
);
select is(tests.call_begin('owner', 'newer') ->> 'code', 'too_many_streams', 'it leaves one place, not more');

select tests.back_date('generation-' || n, interval '10 minutes') from generate_series(2, 3) as n;
select is(
  tests.call_begin('owner', 'newer') ->> 'outcome', 'admitted', 'one whose worker died long ago holds no place'
);

select * from finish();
rollback;
