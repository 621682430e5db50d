begin; select plan(2);
select tests.given_tale('owner');
select tests.call_begin('owner', 'second', reroll_of => 'other question');
select tests.given_active_leaf('tale', null);
select tests.call_finish('second', 'They died.');
select is(tests.leaf_of('tale'), null, 'who left the story is not called back');
select tests.call_begin('owner', 'third', reroll_of => 'other question');
select tests.call_finish('third', 'They slept.');
select is(tests.leaf_of('tale'), 'They slept.', 'a leaf that was nowhere and still is moves');

select * from finish(); rollback;
