begin;
select plan(4);

select tests.given_tale('owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.given_active_leaf('tale', 'other question');
select tests.call_finish('first', 'They lived.');
select is(tests.leaf_of('tale'), 'other question', 'who reads another branch is not called back');

select tests.call_begin('owner', 'second', reroll_of => 'other question');
select tests.given_active_leaf('tale', null);
select tests.call_finish('second', 'They died.');
select is(tests.leaf_of('tale'), null, 'nor who left the story');
select is(count(*), 2::bigint, 'both answers are stored') from public.messages where stream_id is not null;

select tests.call_begin('owner', 'third', reroll_of => 'other question');
select tests.call_finish('third', 'They slept.');
select is(tests.leaf_of('tale'), 'They slept.', 'a leaf that was nowhere and still is moves');

select * from finish();
rollback;
