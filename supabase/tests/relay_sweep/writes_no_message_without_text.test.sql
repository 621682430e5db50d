begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', '', 'tale', 'second answer');
create temp table before as select tests.the_story() as story;

select is(tests.call_sweep() ->> 'closed', '1', 'it is ended');
select is(tests.the_story(), story, 'no row of the story has changed') from before;
select results_eq(
  'select status, message_id, fence from relay.generations',
  $$ values ('interrupted', null::uuid, tests.id('fence of first')) $$, 'its worker may still bring all of it'
);
select is(tests.leaf_of('tale'), 'second answer', 'the active leaf is where it was');

select * from finish();
rollback;
