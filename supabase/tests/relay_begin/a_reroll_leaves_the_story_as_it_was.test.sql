begin;
select plan(2);

select tests.given_tale('owner');
create temp table before as select tests.the_story() as story;

select tests.call_begin('owner', 'a', reroll_of => 'first answer');

select is(tests.the_story(), story, 'no row of the story has changed') from before;
select is(leaf_id, tests.id('second answer'), 'the generation remembers the leaf that it started from')
from relay.generations where stream_id = 'a';

select * from finish();
rollback;
